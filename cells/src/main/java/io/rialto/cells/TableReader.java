package io.rialto.cells;

import io.rialto.node.JsonSection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads a routing table from JSON, and finds all that is wrong with it before any of it is used. */
final class TableReader {
    /** Below the first shard of single users. */
    private static final int MAX_SHARDS = RoutingTable.FIRST_OVERRIDE_SHARD;
    /** A cell is a data centre or a part of one. */
    private static final int MAX_CELLS = 256;
    /** A cell has few edges. */
    private static final int MAX_NODES = 1024;
    /** A shard may be a unit of its own. */
    private static final int MAX_UNITS = 2048;
    /** Users with a shard of their own are exceptions; the whole snapshot must stay in memory and in one message. */
    private static final int MAX_OVERRIDES = 100_000;

    private static final int MAX_URLS = 16;
    private static final int MAX_USER_ID = 128;
    private static final Pattern ID = Pattern.compile("[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?");

    private final JsonSection table;
    private final Map<String, Cell> cells = new LinkedHashMap<>();
    private final Map<String, Unit> units = new LinkedHashMap<>();
    private final Set<String> nodeIds = new HashSet<>();

    TableReader(JsonNode section) {
        table = JsonSection.of(RoutingTable.SECTION, section);
    }

    RoutingTable read() throws TableException {
        int shards = table.integer("shards", 1, MAX_SHARDS);
        table.objects("cells", MAX_CELLS, this::cell);
        table.objects("units", MAX_UNITS, this::unit);
        Place[] places = assignments(table, shards, shard -> shard);
        if (table.isFine()) {
            complete(places);
        }
        Map<String, Place> overrides = overrides();
        Optional<Place> global = table.object("global", this::global).flatMap(place -> place);
        if (!table.has("global")) {
            table.refuse("global", "absent", "an object with unit and epoch");
        }
        long globalCells = cells.values().stream()
                .filter(c -> c.type() == Cell.Type.GLOBAL)
                .count();
        if (globalCells != 1) {
            table.refuse("cells", globalCells + " of type global", "exactly one of type global");
        }
        TableRules rules = new TableRules(table, shards);
        Pins pins = rules.pins(places, overrides, jurisdictions());
        Colours colours = rules.colours();
        Addresses addresses = rules.addresses();
        RoutingTable.Shadow shadow = table.object("shadow", json -> shadow(json, shards, pins))
                .orElseGet(() -> new RoutingTable.Shadow(new Place[shards], Optional.empty()));
        table.end();
        if (!table.isFine() || global.isEmpty()) {
            throw new TableException(table.errors());
        }
        return new RoutingTable(new RoutingTable.Parts(
                places,
                overrides,
                global.get(),
                List.copyOf(cells.values()),
                List.copyOf(units.values()),
                pins,
                colours,
                shadow,
                addresses));
    }

    private Set<String> jurisdictions() {
        Set<String> all = new TreeSet<>();
        cells.values().forEach(cell -> cell.jurisdiction().ifPresent(all::add));
        return all;
    }

    private RoutingTable.Shadow shadow(JsonSection json, int shards, Pins pins) {
        @Nullable Place[] places = assignments(json, shards, RoutingTable::shadowOf);
        Optional<Place> global = json.object(
                        "global", one -> globalPlace(one, RoutingTable.shadowOf(RoutingTable.GLOBAL_SHARD)))
                .flatMap(place -> place);
        // A pressure test is fed with what real users did.
        TableRules.displaced(pins.ofShards(), places, Map.of())
                .forEach(error -> json.refuse("assignments", error.value(), error.expected()));
        return new RoutingTable.Shadow(places, global);
    }

    private Optional<Cell> cell(JsonSection json) {
        String id = id(json);
        Cell.Type type = json.constant("type", Cell.Type.class, Cell.Type.REGIONAL);
        String city = json.text("city", "");
        List<URI> urls = new ArrayList<>();
        for (String text : json.texts("public", MAX_URLS)) {
            Optional<URI> url = url(text);
            url.ifPresentOrElse(urls::add, () -> json.refuse("public", text, "http://host:port or https://host:port"));
        }
        List<Cell.Node> nodes = new ArrayList<>();
        json.objects("nodes", MAX_NODES, this::node).forEach(node -> node.ifPresent(nodes::add));
        Cell cell = new Cell(id, type, city, TableRules.jurisdiction(json), urls, nodes, TableRules.deployUnits(json));
        if (cells.putIfAbsent(id, cell) != null) {
            json.refuse("id", id, "an id that no other cell has");
        }
        return Optional.of(cell);
    }

    private Optional<Cell.Node> node(JsonSection json) {
        String id = id(json);
        if (!nodeIds.add(id)) {
            json.refuse("id", id, "an id that no other node of any cell has");
        }
        String text = json.text("internal");
        Optional<InetSocketAddress> address = address(text);
        if (address.isEmpty()) {
            json.refuse("internal", text, "host:port");
        }
        return address.map(internal -> new Cell.Node(id, internal));
    }

    private Optional<Unit> unit(JsonSection json) {
        Unit unit = new Unit(id(json), json.number("generation", 1, Long.MAX_VALUE, 1), json.text("cell"));
        Cell cell = cells.get(unit.cell());
        if (cell == null) {
            json.refuse("cell", unit.cell(), "one of the cells " + cells.keySet());
        } else if (cell.type() == Cell.Type.CITY) {
            json.refuse("cell", unit.cell(), "a cell that owns data, not one of type city");
        }
        if (units.putIfAbsent(unit.id(), unit) != null) {
            json.refuse("id", unit.id(), "an id that no other unit has");
        }
        return Optional.of(unit);
    }

    private @Nullable Place[] assignments(JsonSection from, int shards, IntUnaryOperator number) {
        @Nullable Place[] places = new Place[shards];
        from.objects("assignments", MAX_SHARDS, json -> assignment(json, places, number));
        return places;
    }

    private Optional<Place> assignment(JsonSection json, @Nullable Place[] places, IntUnaryOperator number) {
        int from = json.integer("from", 0, places.length - 1);
        int to = json.integer("to", 0, places.length - 1);
        if (to < from) {
            json.refuse("to", to, "from (" + from + ") or more");
        }
        Optional<Place> first = place(json, from);
        for (int shard = from; shard <= to; shard++) {
            if (places[shard] != null) {
                json.refuse("from", from + ".." + to, "no shard of another assignment, such as " + shard);
                break;
            }
            int own = number.applyAsInt(shard);
            places[shard] = first.map(place -> new Place(own, place.epoch(), place.unit(), place.cell()))
                    .orElse(null);
        }
        return first;
    }

    private void complete(@Nullable Place[] places) {
        for (int shard = 0; shard < places.length; shard++) {
            if (places[shard] == null) {
                table.refuse("assignments", "none for shard " + shard, "each of 0.." + (places.length - 1) + " once");
            }
        }
    }

    private Map<String, Place> overrides() {
        Map<String, Place> overrides = new HashMap<>();
        Set<Integer> taken = new HashSet<>();
        table.objects("overrides", MAX_OVERRIDES, json -> {
            String user = user(json);
            int shard = json.integer("shard", RoutingTable.FIRST_OVERRIDE_SHARD, Integer.MAX_VALUE);
            if (!taken.add(shard)) {
                json.refuse("shard", shard, "a shard that no other user has");
            }
            Optional<Place> place = place(json, shard);
            if (place.isPresent() && overrides.put(user, place.get()) != null) {
                json.refuse("user", user, "a user that has no other override");
            }
            return place;
        });
        return overrides;
    }

    private Optional<Place> global(JsonSection json) {
        json.integer("shard", RoutingTable.GLOBAL_SHARD, RoutingTable.GLOBAL_SHARD, RoutingTable.GLOBAL_SHARD);
        return globalPlace(json, RoutingTable.GLOBAL_SHARD);
    }

    private Optional<Place> globalPlace(JsonSection json, int shard) {
        Optional<Place> place = place(json, shard);
        if (place.isPresent() && place.get().cell().type() != Cell.Type.GLOBAL) {
            json.refuse("unit", place.get().unit().id(), "a unit of the cell of type global");
        }
        return place;
    }

    private Optional<Place> place(JsonSection json, int shard) {
        String unitId = json.text("unit");
        long epoch = json.number("epoch", 1, Long.MAX_VALUE, 1);
        Unit unit = units.get(unitId);
        Cell cell = unit == null ? null : cells.get(unit.cell());
        if (unit == null || cell == null) {
            json.refuse("unit", unitId, "one of the units " + units.keySet());
            return Optional.empty();
        }
        return Optional.of(new Place(shard, epoch, unit, cell));
    }

    static String user(JsonSection json) {
        String user = json.text("user");
        if (user.length() > MAX_USER_ID) {
            json.refuse("user", user.length() + " characters", "at most " + MAX_USER_ID);
        }
        return user;
    }

    private static String id(JsonSection json) {
        String id = json.text("id");
        if (!id.isEmpty() && !ID.matcher(id).matches()) {
            json.refuse("id", id, "1 to 64 lower-case letters, digits and dashes");
        }
        return id;
    }

    private static Optional<URI> url(String text) {
        try {
            URI uri = URI.create(text);
            boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
            boolean bare = uri.getRawPath() == null || uri.getRawPath().isEmpty();
            boolean whole = uri.getHost() != null && bare && uri.getRawQuery() == null && uri.getRawUserInfo() == null;
            return web && whole && uri.getRawFragment() == null ? Optional.of(uri) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Optional<InetSocketAddress> address(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 1) {
            return Optional.empty();
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            return Optional.empty();
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            return port > 0 && port < 65536 && !host.isEmpty()
                    ? Optional.of(InetSocketAddress.createUnresolved(host, port))
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
