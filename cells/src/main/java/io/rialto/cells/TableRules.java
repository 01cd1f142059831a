package io.rialto.cells;

import io.rialto.node.JsonSection;
import io.rialto.protocol.Buckets;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what a routing table says beside the places: who must stay where, deploy units, and pressure-test traffic. */
final class TableRules {
    /** Several times the ISO 3166 codes; a jurisdiction may be finer than a country. */
    private static final Pattern JURISDICTION = Pattern.compile("[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?");

    private static final Pattern COLOUR = Pattern.compile("[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?");
    /** A release at a time, and some to come and go. */
    private static final int MAX_DEPLOY_UNITS = 16;
    /** As many as there may be overrides: a user who is pinned against his shard needs one. */
    private static final int MAX_PINS = 100_000;

    private static final int MAX_COLOURS = 10_000;
    private static final int MAX_SALT = 64;

    private static final Pattern HOST = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");
    /** Each cell has few. */
    private static final int MAX_HOSTS = 1024;
    /** So that a shard's name is no longer than a name may be. */
    private static final int MAX_ZONE = 240;
    /** A phone asks rarely, but each edge keeps an answer per network. */
    private static final int MAX_NETWORKS = 256;

    private static final int MAX_ADDRESSES = 16;

    private final JsonSection table;
    private final int shards;

    TableRules(JsonSection table, int shards) {
        this.table = table;
        this.shards = shards;
    }

    static Optional<String> jurisdiction(JsonSection json) {
        Optional<String> text = json.optionalText("jurisdiction");
        if (text.isPresent() && !JURISDICTION.matcher(text.get()).matches()) {
            json.refuse("jurisdiction", text.get(), "1 to 32 lower-case letters, digits and dashes");
        }
        return text;
    }

    static List<DeployUnit> deployUnits(JsonSection json) {
        Set<String> ids = new HashSet<>();
        Set<String> colours = new HashSet<>();
        List<DeployUnit> units = json.objects("deploy-units", MAX_DEPLOY_UNITS, item -> {
            DeployUnit unit = new DeployUnit(
                    item.text("id"), colour(item), item.integer("weight", 0, DeployUnit.WHOLE, DeployUnit.WHOLE));
            if (!ids.add(unit.id()) || !colours.add(unit.colour())) {
                item.refuse("id", unit.id() + ", " + unit.colour(), "an id and a colour that no other deploy unit has");
            }
            return unit;
        });
        int sum = units.stream().mapToInt(DeployUnit::weight).sum();
        if (!units.isEmpty() && sum != DeployUnit.WHOLE) {
            json.refuse("deploy-units", "weights of " + sum, "weights that add up to " + DeployUnit.WHOLE);
        }
        return units;
    }

    private static String colour(JsonSection json) {
        String colour = json.text("colour");
        if (!colour.isEmpty() && !COLOUR.matcher(colour).matches()) {
            json.refuse("colour", colour, "1 to 32 lower-case letters, digits and dashes");
        }
        return colour;
    }

    Colours colours() {
        String salt = table.text("colour-salt", "");
        if (salt.length() > MAX_SALT) {
            table.refuse("colour-salt", salt.length() + " characters", "at most " + MAX_SALT);
        }
        Map<String, String> byUser = new HashMap<>();
        table.objects("colours", MAX_COLOURS, json -> {
            String user = TableReader.user(json);
            if (byUser.put(user, colour(json)) != null) {
                json.refuse("user", user, "a user that has no other colour");
            }
            return user;
        });
        return new Colours(salt, byUser);
    }

    /** Addresses of public hosts, and what networks prefer of them. */
    Addresses addresses() {
        Map<String, List<InetAddress>> byHost = new HashMap<>();
        table.objects("hosts", MAX_HOSTS, json -> {
            String host = json.text("host");
            if (!HOST.matcher(host).matches()) {
                json.refuse("host", host, "a name of lower-case letters, digits, dashes and dots");
            }
            List<InetAddress> own = literals(json);
            if (own.isEmpty() || byHost.put(host, own) != null) {
                json.refuse("host", host, "a host that no other entry has, with addresses");
            }
            return host;
        });
        List<Addresses.Network> networks = new ArrayList<>();
        table.objects("networks", MAX_NETWORKS, json -> {
            List<InetAddress> preferred = literals(json);
            Optional<Addresses.Network> network = json.parsed(
                    "cidr",
                    "a prefix such as 10.1.0.0/16, without bits behind it",
                    text -> Addresses.Network.of(text, preferred));
            if (!json.has("cidr")) {
                json.refuse("cidr", "absent", "a prefix such as 10.1.0.0/16");
            }
            network.ifPresent(networks::add);
            return network;
        });
        String zone = table.text("zone", "");
        if (!zone.isEmpty() && (zone.length() > MAX_ZONE || !HOST.matcher(zone).matches())) {
            table.refuse("zone", zone, "a name of lower-case letters, digits, dashes and dots, at most " + MAX_ZONE);
        }
        return new Addresses(byHost, networks, zone);
    }

    private static List<InetAddress> literals(JsonSection json) {
        List<InetAddress> all = new ArrayList<>();
        for (String text : json.texts("addresses", MAX_ADDRESSES)) {
            try {
                all.add(InetAddress.ofLiteral(text));
            } catch (IllegalArgumentException e) {
                json.refuse("addresses", text, "IP addresses");
            }
        }
        return all;
    }

    /** Who is pinned; tells of every one that the places put elsewhere. */
    Pins pins(@Nullable Place[] places, Map<String, Place> overrides, Set<String> jurisdictions) {
        String[] byShard = new String[shards];
        Arrays.fill(byShard, "");
        Map<String, String> byUser = new HashMap<>();
        table.objects("pins", MAX_PINS, json -> {
            String jurisdiction = jurisdiction(json).orElse("");
            if (!jurisdictions.contains(jurisdiction)) {
                json.refuse("jurisdiction", jurisdiction, "that of a cell, one of " + jurisdictions);
            }
            if (json.has("user")) {
                String user = TableReader.user(json);
                if (byUser.put(user, jurisdiction) != null) {
                    json.refuse("user", user, "a user that has no other pin");
                }
                return jurisdiction;
            }
            pinShards(json, byShard, jurisdiction);
            return jurisdiction;
        });
        Pins pins = new Pins(Arrays.asList(byShard), byUser);
        if (table.isFine()) {
            displaced(pins, places, overrides).forEach(error -> table.refuse("pins", error.value(), error.expected()));
        }
        return pins;
    }

    private void pinShards(JsonSection json, String[] byShard, String jurisdiction) {
        int from = json.integer("from", 0, shards - 1);
        int to = json.integer("to", 0, shards - 1);
        if (to < from) {
            json.refuse("to", to, "from (" + from + ") or more");
        }
        for (int shard = from; shard <= to; shard++) {
            if (!byShard[shard].isEmpty()) {
                json.refuse("from", from + ".." + to, "no shard of another pin, such as " + shard);
                return;
            }
            byShard[shard] = jurisdiction;
        }
    }

    /** Data in a place where it must not be. */
    record Displaced(String value, String expected) {}

    /** Who would be outside the own jurisdiction; also what a change must not do to those that were pinned before it. */
    static List<Displaced> displaced(Pins pins, @Nullable Place[] places, Map<String, Place> overrides) {
        List<Displaced> displaced = new ArrayList<>();
        for (int shard = 0; shard < places.length; shard++) {
            check("shard " + shard, pins.ofShard(shard), places[shard], displaced);
        }
        overrides.forEach((user, place) -> check(
                "user " + user + " with shard " + place.shard(),
                pins.ofUser(user, Buckets.of(user, places.length)),
                place,
                displaced));
        pins.byUser().forEach((user, jurisdiction) -> {
            if (!overrides.containsKey(user)) {
                int bucket = Buckets.of(user, places.length);
                check("user " + user + " of shard " + bucket, Optional.of(jurisdiction), places[bucket], displaced);
            }
        });
        return displaced;
    }

    private static void check(String who, Optional<String> pinned, @Nullable Place place, List<Displaced> displaced) {
        if (place != null
                && displaced.size() < JsonSection.MAX_ERRORS
                && !place.cell().mayHold(pinned)) {
            displaced.add(new Displaced(
                    who + " in cell " + place.cell().id() + " of "
                            + place.cell()
                                    .jurisdiction()
                                    .map(own -> "jurisdiction " + own)
                                    .orElse("no jurisdiction"),
                    "a cell of jurisdiction " + pinned.orElse("")));
        }
    }
}
