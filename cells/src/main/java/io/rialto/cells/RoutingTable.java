package io.rialto.cells;

import io.rialto.protocol.Buckets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Which shard is where: shard -> unit (changed by planned moves) and unit -> cell (changed by failovers). Immutable; a
 * new snapshot brings a whole new table. {@link #locate} allocates nothing.
 */
public final class RoutingTable {
    /** The name of the snapshot's section. */
    public static final String SECTION = "table";

    /** The shard number of the global data. */
    public static final int GLOBAL_SHARD = -1;

    /** Shards of single users begin here; users' common shards are below. */
    public static final int FIRST_OVERRIDE_SHARD = 1000;

    private final Place[] places;
    private final Map<String, Place> overrides;
    private final Place global;
    private final Map<String, Cell> cells;
    private final Map<String, Unit> units;

    RoutingTable(Place[] places, Map<String, Place> overrides, Place global, List<Cell> cells, Collection<Unit> units) {
        this.places = places.clone();
        this.overrides = Map.copyOf(overrides);
        this.global = global;
        this.cells = cells.stream().collect(Collectors.toUnmodifiableMap(Cell::id, Function.identity()));
        this.units = units.stream().collect(Collectors.toUnmodifiableMap(Unit::id, Function.identity()));
    }

    /**
     * Reads the section.
     *
     * @throws TableException with all errors at once
     */
    public static RoutingTable parse(JsonNode section) throws TableException {
        return new TableReader(section).read();
    }

    /** What is wrong with a section; empty where it is a table. */
    public static List<String> errors(JsonNode section) {
        try {
            parse(section);
            return List.of();
        } catch (TableException e) {
            return e.errors();
        }
    }

    /** How many common shards the users are spread over. */
    public int shards() {
        return places.length;
    }

    /** Where this user's data is. */
    public Place locate(String userId) {
        if (!overrides.isEmpty()) {
            @Nullable Place own = overrides.get(userId);
            if (own != null) {
                return own;
            }
        }
        return places[Buckets.of(userId, places.length)];
    }

    /** Where the global data is. */
    public Place global() {
        return global;
    }

    /** The place of a shard, be it common, a single user's, or the global data's. */
    public Optional<Place> place(int shard) {
        if (shard == GLOBAL_SHARD) {
            return Optional.of(global);
        }
        if (shard >= 0 && shard < places.length) {
            return Optional.of(places[shard]);
        }
        return overrides.values().stream()
                .filter(place -> place.shard() == shard)
                .findFirst();
    }

    /** Every place: common shards in order, those of single users, the global one. */
    public List<Place> places() {
        return Stream.of(List.of(places), overrides.values(), List.of(global))
                .flatMap(Collection::stream)
                .toList();
    }

    /** The cell of this id. */
    public Optional<Cell> cell(String id) {
        return Optional.ofNullable(cells.get(id));
    }

    /** All cells, in no particular order. */
    public Collection<Cell> cells() {
        return cells.values();
    }

    /** The unit of this id. */
    public Optional<Unit> unit(String id) {
        return Optional.ofNullable(units.get(id));
    }

    /** All units, in no particular order. */
    public Collection<Unit> units() {
        return units.values();
    }
}
