package io.rialto.cells;

import io.rialto.protocol.Buckets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

    /** Shards of pressure-test traffic are at and around this: shard 7's is -1007, that of global data -999. */
    static final int FIRST_SHADOW_SHARD = -1000;

    private final Place[] places;
    private final Map<String, Place> overrides;
    private final Place global;
    private final Map<String, Cell> cells;
    private final Map<String, Unit> units;
    private final Pins pins;
    private final Colours colours;
    private final Shadow shadow;
    private final Addresses addresses;

    /** What pressure-test traffic sees in place of the real shards; a null is a shard without a target. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Shadow(@Nullable Place[] places, Optional<Place> global) {}

    /** What a section says, checked. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Parts(
            Place[] places,
            Map<String, Place> overrides,
            Place global,
            List<Cell> cells,
            Collection<Unit> units,
            Pins pins,
            Colours colours,
            Shadow shadow,
            Addresses addresses) {}

    RoutingTable(Parts parts) {
        this.places = parts.places().clone();
        this.overrides = Map.copyOf(parts.overrides());
        this.global = parts.global();
        this.cells = parts.cells().stream().collect(Collectors.toUnmodifiableMap(Cell::id, Function.identity()));
        this.units = parts.units().stream().collect(Collectors.toUnmodifiableMap(Unit::id, Function.identity()));
        this.pins = parts.pins();
        this.colours = parts.colours();
        this.shadow = parts.shadow();
        this.addresses = parts.addresses();
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

    /** What is wrong with a section, and with putting it in place of the one in force; empty where all is well. */
    public static List<String> errors(Optional<JsonNode> before, JsonNode after) {
        return TableChange.errors(before, after);
    }

    /** What replacing this table by another one means, in lines for a person; empty where both say the same. */
    public List<String> changesTo(RoutingTable after) {
        return TableDiff.lines(this, after);
    }

    /** How many common shards a cell serves. */
    public int shardsOf(String cell) {
        return TableDiff.owned(this, cell);
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

    /** The jurisdiction that a user is pinned to, by a pin of the user's own or that of the user's common shard. */
    public Optional<String> jurisdiction(String userId) {
        return pins.ofUser(userId, Buckets.of(userId, places.length));
    }

    /** The jurisdiction that everything of this shard must stay in, a single user's shard included. */
    public Optional<String> jurisdiction(int shard) {
        return overrides.entrySet().stream()
                .filter(own -> own.getValue().shard() == shard)
                .findFirst()
                .map(own -> jurisdiction(own.getKey()))
                .orElseGet(() -> pins.ofShard(shard));
    }

    /** Users with a shard of their own, by user id. */
    public Map<String, Place> overrides() {
        return overrides;
    }

    /**
     * The colour of the backends that serve a user in a cell: the user's own, or by the weights of the cell's deploy units,
     * where the same user falls on the same side as long as the weights stay. Empty where the cell has no deploy units.
     */
    public String colour(String userId, Cell cell) {
        return colours.of(userId, cell.deployUnits());
    }

    /** Where the hosts of public URLs are, as far as the table says. */
    public Addresses addresses() {
        return addresses;
    }

    Pins pins() {
        return pins;
    }

    Colours colours() {
        return colours;
    }

    /** Where pressure-test traffic of a common shard goes, whatever its users are pinned to. */
    Optional<Place> shadowOfCommon(int shard) {
        return Optional.ofNullable(shadow.places()[shard]);
    }

    /** Data of this table that is not where the pins of another one want it. */
    List<TableRules.Displaced> displacedBy(RoutingTable pinning) {
        return TableRules.displaced(pinning.pins, places, overrides);
    }

    /**
     * Where pressure-test traffic of a user goes; empty where it has no target, or none within the jurisdiction that the
     * user is pinned to, and must be refused.
     */
    public Optional<Place> shadow(String userId) {
        int bucket = Buckets.of(userId, places.length);
        return Optional.ofNullable(shadow.places()[bucket])
                .filter(place -> place.cell().mayHold(pins.ofUser(userId, bucket)));
    }

    /** Where pressure-test traffic on global data goes; empty where it must be refused. */
    public Optional<Place> globalShadow() {
        return shadow.global();
    }

    /** Every place of pressure-test traffic. */
    public List<Place> shadowPlaces() {
        return Stream.concat(Arrays.stream(shadow.places()).filter(Objects::nonNull), shadow.global().stream())
                .toList();
    }

    /** The shard in which pressure-test traffic finds its own rows in place of those of a common or the global shard. */
    public static int shadowOf(int shard) {
        return FIRST_SHADOW_SHARD - shard;
    }

    /** Whether a shard is one of pressure-test traffic. */
    public static boolean isShadow(int shard) {
        return shard < GLOBAL_SHARD;
    }
}
