package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.cells.Unit;
import io.rialto.cells.move.MoveWatch.Step;
import io.rialto.node.postgres.Database;
import io.rialto.protocol.Buckets;
import java.io.IOException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Moves shards between cells while they are written to. A mover has no state that matters: what to do next is derived from
 * the two fences' rows, and each step is guarded by them, so that any mover may go on with any move, two may be at it at
 * once, and one that has slept for long does no harm.
 *
 * <p>Blocks its caller; moves of different shards may run on threads of their own.
 */
public final class Mover {
    /** A row may be changed by another mover between two looks; more often than this, something else is wrong. */
    private static final int MAX_LOOKS = 200;
    /** Others change the configuration too, but not without end. */
    static final int MAX_PUTS = 50;

    private final Map<String, Database> cells;
    private final MoveLedger ledger;
    private final MoveWatch watch;
    private final Options options;
    private final SecureRandom random;
    private final Splits splits;

    /**
     * How to move.
     *
     * @param author for the history of the configuration
     * @param rowsPerSecond that are copied and deleted at most; 0 for no limit
     * @param gate how long the target may take to catch up
     * @param drain how long the target may take for what was written last, while writers wait; then the move is cancelled
     */
    public record Options(String author, long rowsPerSecond, Duration gate, Duration drain) {
        /** No limit, a minute to catch up, ten seconds to take over. */
        public static Options standard(String author) {
            return new Options(author, 0, Duration.ofMinutes(1), Duration.ofSeconds(10));
        }
    }

    /**
     * A mover.
     *
     * @param cells the database of each cell, as its administrator
     */
    public Mover(
            Map<String, Database> cells, MoveLedger ledger, MoveWatch watch, Options options, SecureRandom random) {
        this.cells = Map.copyOf(cells);
        this.ledger = ledger;
        this.watch = watch;
        this.options = options;
        this.random = random;
        this.splits = new Splits(this.cells, ledger, watch, options);
    }

    /** Moves a shard to a cell, or goes on with the move that is under way. */
    public MoveReport move(int shard, String cell)
            throws MoveException, SQLException, IOException, InterruptedException {
        return run(grant(shard, cell));
    }

    /**
     * Moves a single user to a cell, or goes on with that. A user of a common shard gets a shard of their own first, which
     * every backend must have made possible by saying whose its rows are.
     */
    public MoveReport move(String user, String cell)
            throws MoveException, SQLException, IOException, InterruptedException {
        RoutingTable table = table(ledger.read());
        boolean may = table.cell(cell)
                .filter(one -> one.mayHold(table.jurisdiction(user)))
                .isPresent();
        if (!may) {
            throw new MoveException("user " + user + ": cannot be in cell " + cell
                    + " (expected: a cell of the routing table"
                    + table.jurisdiction(user)
                            .map(own -> " in jurisdiction " + own)
                            .orElse("") + ")");
        }
        if (!table.overrides().containsKey(user)
                && table.locate(user).cell().id().equals(cell)) {
            throw new MoveException("user " + user + ": is in cell " + cell + " (expected: another one)");
        }
        return move(splits.part(user), cell);
    }

    /** Takes a user back into the common shard, after a move to its cell where they are elsewhere. */
    public Split home(String user) throws MoveException, SQLException, IOException, InterruptedException {
        RoutingTable table = table(ledger.read());
        @Nullable Place own = table.overrides().get(user);
        String cell = table.place(Buckets.of(user, table.shards()))
                .map(common -> common.cell().id())
                .orElseThrow();
        if (own != null && !own.cell().id().equals(cell)) {
            move(own.shard(), cell);
        }
        return splits.home(user);
    }

    /** Goes on with the move of a shard that another mover left. */
    public MoveReport resume(int shard) throws MoveException, SQLException, IOException, InterruptedException {
        return run(underWay(shard));
    }

    /** Takes the move of a shard back, which is possible until the target has opened. */
    public MoveReport cancel(int shard) throws MoveException, SQLException, IOException, InterruptedException {
        Grant grant = underWay(shard);
        try (Crossing crossing = crossing(grant)) {
            watch.begins(grant, Step.REFUSE);
            if (!FenceSteps.refuse(crossing.target(), grant)) {
                throw new MoveException("shard " + shard + ": cell " + crossing.targetCell()
                        + " has opened it (expected: a cancel before that; resume the move, then move it back)");
            }
        }
        return run(grant);
    }

    /** Takes back what {@link #move(String, String)} or {@link #home} has begun with a user's shard, if it is not done. */
    public boolean cancel(String user) throws MoveException, SQLException, IOException, InterruptedException {
        return splits.cancel(user);
    }

    private Grant underWay(int shard) throws MoveException, IOException, InterruptedException {
        Optional<Grant> grant = Moves.parse(ledger.read().moves()).of(shard);
        if (grant.isEmpty() || grant.get().state() != Grant.State.GRANTED) {
            throw new MoveException("shard " + shard + ": no move of it is under way ("
                    + grant.map(one -> "its last one is " + one.state()).orElse("it has never moved") + ")");
        }
        return grant.get();
    }

    private MoveReport run(Grant grant) throws MoveException, SQLException, IOException, InterruptedException {
        long began = System.nanoTime();
        try (Crossing crossing = crossing(grant)) {
            for (int looks = 0; looks < MAX_LOOKS; looks++) {
                Optional<Grant> ended = step(crossing);
                if (ended.isPresent()) {
                    return crossing.report(ended.get(), Duration.ofNanos(System.nanoTime() - began));
                }
            }
        }
        throw new MoveException("shard " + grant.shard() + ": still not moved after " + MAX_LOOKS
                + " looks at both fences (expected: fewer; does another mover work against this one?)");
    }

    /** Does what the fences say is next; the grant as it ended, if it has. */
    private Optional<Grant> step(Crossing crossing)
            throws MoveException, SQLException, IOException, InterruptedException {
        Grant grant = crossing.grant();
        Held from = FenceSteps.read(crossing.source(), grant.shard());
        Held to = FenceSteps.read(crossing.target(), grant.shard());
        return switch (MoveRules.next(grant, from, to)) {
            case SETTLE -> Optional.of(opened(crossing, to));
            case TAKE_BACK -> Optional.of(refused(crossing, to));
            case OPEN -> {
                if (!crossing.drainAndOpen(options.drain())) {
                    watch.begins(grant, Step.REFUSE);
                    FenceSteps.refuse(crossing.target(), grant);
                }
                yield Optional.empty();
            }
            case PREPARE_AND_CLOSE -> {
                prepareAndClose(crossing);
                yield Optional.empty();
            }
            case TARGET_UNFIT ->
                throw new MoveException("shard " + grant.shard() + ": cell " + crossing.targetCell() + " has it "
                        + to.row().state() + " at epoch " + to.row().epoch() + " (expected: not open, below epoch "
                        + grant.epoch() + ")");
            case SOURCE_UNFIT ->
                throw new MoveException("shard " + grant.shard() + ": cell " + crossing.sourceCell() + " has it "
                        + from.row().state() + " at epoch " + from.row().epoch() + " (expected: OPEN below epoch "
                        + grant.epoch() + "; cancel the move)");
        };
    }

    private void prepareAndClose(Crossing crossing)
            throws MoveException, SQLException, IOException, InterruptedException {
        // Only here: a shard that is closed is not left so.
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        // Users may have been pinned since.
        MoveLedger.Configuration now = ledger.read();
        requirePlaceable(now, crossing.grant());
        if (crossing.follows()) {
            // If nothing changes meanwhile, the table needs no reading while writers wait.
            crossing.plan(now);
            crossing.gateAndClose(options.gate());
        } else {
            crossing.prepare(options.rowsPerSecond(), random);
        }
    }

    private Grant opened(Crossing crossing, Held to)
            throws MoveException, SQLException, IOException, InterruptedException {
        Grant grant = crossing.grant();
        FenceSteps.makeSure(crossing.target());
        watch.begins(grant, Step.PUBLISH);
        publish(grant, grant.to(), crossing.planned());
        String differences = crossing.compare();
        if (!differences.isEmpty()) {
            finish(grant.as(Grant.State.DIFFERS));
            throw new MoveException("shard " + grant.shard() + ": opened in cell " + crossing.targetCell()
                    + ", but the copies differ in " + differences
                    + " (expected: the same rows; the closed copy in cell "
                    + crossing.sourceCell() + " is kept: compare the two)");
        }
        watch.begins(grant, Step.UNSUBSCRIBE);
        crossing.endStream();
        watch.begins(grant, Step.RETIRE);
        FenceSteps.retire(crossing.source(), grant, to);
        watch.begins(grant, Step.PURGE);
        crossing.purge(options.rowsPerSecond());
        return finish(grant.as(Grant.State.MOVED));
    }

    private Grant refused(Crossing crossing, Held to)
            throws MoveException, SQLException, IOException, InterruptedException {
        Grant grant = crossing.grant();
        FenceSteps.makeSure(crossing.target());
        watch.begins(grant, Step.REOPEN);
        FenceSteps.reopen(crossing.source(), grant, to);
        if (FenceSteps.read(crossing.source(), grant.shard()).isAt(Fence.State.OPEN, grant.epoch())) {
            watch.begins(grant, Step.PUBLISH);
            publish(grant, grant.from(), Optional.empty());
        }
        watch.begins(grant, Step.UNSUBSCRIBE);
        crossing.endStream();
        return finish(grant.as(Grant.State.CANCELLED));
    }

    private Grant grant(int shard, String cell) throws MoveException, SQLException, IOException, InterruptedException {
        for (int tries = 0; tries < MAX_PUTS; tries++) {
            MoveLedger.Configuration now = ledger.read();
            RoutingTable table = table(now);
            Place place = table.place(shard)
                    .filter(one -> one.shard() >= 0)
                    .orElseThrow(() -> new MoveException("shard: " + shard + " (expected: one of the routing table's,"
                            + " 0.." + (table.shards() - 1) + " or a single user's)"));
            Moves moves = Moves.parse(now.moves());
            Optional<Grant> last = moves.of(shard);
            if (last.isPresent() && last.get().state() == Grant.State.GRANTED) {
                if (cellOf(table, last.get().to()).equals(cell)) {
                    return last.get();
                }
                throw new MoveException("shard " + shard + ": its move to unit "
                        + last.get().to() + " is under way (expected: none; resume or cancel that one)");
            }
            if (last.isPresent() && last.get().state() == Grant.State.DIFFERS) {
                throw new MoveException("shard " + shard + ": its last move left copies that differ (expected: compared"
                        + " and settled; then set its state to moved in the section " + Moves.SECTION + ")");
            }
            if (moves.splitting(shard).isPresent()) {
                throw new MoveException("shard " + shard + ": "
                        + moves.splitting(shard).get()
                        + " is under way (expected: finished first, by the same command again)");
            }
            Grant grant = next(table, place, last, cell);
            requirePlaceable(now, grant);
            watch.begins(grant, Step.GRANT);
            if (ledger.put(Map.of(Moves.SECTION, moves.with(grant)), now.version(), options.author())) {
                return grant;
            }
        }
        throw changedTooOften();
    }

    /** Before anything is copied: data must not be where its users must not be, not even for a while. */
    private static void requirePlaceable(MoveLedger.Configuration now, Grant grant) throws MoveException {
        List<String> errors = RoutingTable.errors(
                Optional.of(now.table()), Moves.assign(now.table(), grant.shard(), grant.to(), grant.epoch()));
        if (!errors.isEmpty()) {
            throw new MoveException("shard " + grant.shard() + ": cannot be placed in unit " + grant.to() + ": "
                    + errors + " (expected: a cell that the table may name; cancel the move if it is under way)");
        }
    }

    private Grant next(RoutingTable table, Place place, Optional<Grant> last, String cell)
            throws MoveException, SQLException {
        if (place.cell().id().equals(cell)) {
            throw new MoveException("shard " + place.shard() + ": is in cell " + cell + " (expected: another one)");
        }
        Unit to = table.units().stream()
                .filter(unit -> unit.cell().equals(cell))
                .min(Comparator.comparing(Unit::id))
                .orElseThrow(() -> new MoveException(
                        "cell " + cell + ": has no unit (expected: a cell of the routing table with a unit)"));
        long epoch = Math.max(place.epoch(), last.map(Grant::epoch).orElse(0L));
        for (String one : new String[] {place.cell().id(), cell}) {
            epoch = Math.max(epoch, epochIn(one, place.shard()));
        }
        return new Grant(place.shard(), epoch + 1, place.unit().id(), to.id(), Grant.State.GRANTED);
    }

    private long epochIn(String cell, int shard) throws SQLException, MoveException {
        try (Connection connection = database(cell).address().connect("rialto-move")) {
            return FenceSteps.read(connection, shard).highest();
        }
    }

    /** @param planned what the configuration was not long ago; its version is checked as always */
    private void publish(Grant grant, String unit, Optional<MoveLedger.Configuration> planned)
            throws MoveException, IOException, InterruptedException {
        for (int tries = 0; tries < MAX_PUTS; tries++) {
            MoveLedger.Configuration now = tries == 0 && planned.isPresent() ? planned.get() : ledger.read();
            @Nullable Place place = table(now).place(grant.shard()).orElse(null);
            if (place == null || place.epoch() >= grant.epoch()) {
                return;
            }
            if (ledger.put(
                    Map.of(RoutingTable.SECTION, Moves.assign(now.table(), grant.shard(), unit, grant.epoch())),
                    now.version(),
                    options.author())) {
                return;
            }
        }
        throw changedTooOften();
    }

    private Grant finish(Grant ended) throws MoveException, IOException, InterruptedException {
        watch.begins(ended, Step.FINISH);
        for (int tries = 0; tries < MAX_PUTS; tries++) {
            MoveLedger.Configuration now = ledger.read();
            Moves moves = Moves.parse(now.moves());
            boolean mine = moves.of(ended.shard())
                    .filter(one -> one.epoch() == ended.epoch() && one.state() == Grant.State.GRANTED)
                    .isPresent();
            if (!mine || ledger.put(Map.of(Moves.SECTION, moves.with(ended)), now.version(), options.author())) {
                return ended;
            }
        }
        throw changedTooOften();
    }

    static MoveException changedTooOften() {
        return new MoveException("the configuration changed at each of " + MAX_PUTS
                + " tries to change it (expected: a quieter moment; resume the move)");
    }

    private Crossing crossing(Grant grant) throws MoveException, SQLException, IOException, InterruptedException {
        RoutingTable table = table(ledger.read());
        String source = cellOf(table, grant.from());
        String target = cellOf(table, grant.to());
        return Crossing.open(grant, source, database(source), target, database(target), watch);
    }

    private Database database(String cell) throws MoveException {
        return database(cells, cell);
    }

    static Database database(Map<String, Database> cells, String cell) throws MoveException {
        @Nullable Database database = cells.get(cell);
        if (database == null) {
            throw new MoveException(
                    "cell " + cell + ": its database is not known here (expected: one of " + cells.keySet() + ")");
        }
        return database;
    }

    static String cellOf(RoutingTable table, String unit) throws MoveException {
        return table.unit(unit)
                .map(Unit::cell)
                .orElseThrow(
                        () -> new MoveException("unit " + unit + ": is not in the routing table (expected: put back)"));
    }

    static RoutingTable table(MoveLedger.Configuration configuration) throws MoveException {
        try {
            return RoutingTable.parse(configuration.table());
        } catch (TableException e) {
            throw new MoveException("the routing table cannot be read by this version: " + e.getMessage());
        }
    }
}
