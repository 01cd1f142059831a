package io.rialto.cells.move;

import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.MoveWatch.Step;
import io.rialto.node.postgres.Database;
import io.rialto.protocol.Buckets;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Gives single users a shard of their own, and takes them back into the common one: control is told first, then one
 * transaction in the cell that has both shards gives the user's rows their new number, then the table says so. As with
 * moves, whoever comes later goes on from what control and the fence's rows say.
 */
final class Splits {
    private static final String APPLICATION = "rialto-move";
    /** As with a close: how long the first try holds writers of the common shard off; each further one doubles it. */
    private static final Duration FIRST_PATIENCE = Duration.ofMillis(50);

    private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(2);

    private final Map<String, Database> cells;
    private final MoveLedger ledger;
    private final MoveWatch watch;
    private final Mover.Options options;

    Splits(Map<String, Database> cells, MoveLedger ledger, MoveWatch watch, Mover.Options options) {
        this.cells = cells;
        this.ledger = ledger;
        this.watch = watch;
        this.options = options;
    }

    /** The user's own shard, which is made where there is none. */
    int part(String user) throws MoveException, SQLException, IOException, InterruptedException {
        for (int tries = 0; tries < Mover.MAX_PUTS; tries++) {
            MoveLedger.Configuration now = ledger.read();
            RoutingTable table = Mover.table(now);
            Moves moves = Moves.parse(now.moves());
            Optional<Split> last = moves.of(user);
            if (last.isPresent() && last.get().state() == Split.State.PARTING) {
                return finish(last.get()).shard();
            }
            if (last.isPresent() && last.get().state() == Split.State.RETURNING) {
                throw new MoveException("user " + user + ": is on the way back to shard "
                        + last.get().common() + " (expected: that to be finished first, with --home)");
            }
            @Nullable Place own = table.overrides().get(user);
            if (own != null) {
                return own.shard();
            }
            Split split = parting(table, moves, user);
            if (grant(now, moves, split, Moves.apart(now.table(), split))) {
                return finish(split).shard();
            }
        }
        throw Mover.changedTooOften();
    }

    /** Takes a user back whose own shard is in the cell of the common one. */
    Split home(String user) throws MoveException, SQLException, IOException, InterruptedException {
        for (int tries = 0; tries < Mover.MAX_PUTS; tries++) {
            MoveLedger.Configuration now = ledger.read();
            RoutingTable table = Mover.table(now);
            Moves moves = Moves.parse(now.moves());
            Optional<Split> last = moves.of(user);
            if (last.isPresent() && last.get().state() == Split.State.RETURNING) {
                return finish(last.get());
            }
            @Nullable Place own = table.overrides().get(user);
            if (own == null) {
                throw new MoveException("user " + user + ": has no shard of their own (expected: one)");
            }
            Place common = common(table, user);
            if (!own.cell().id().equals(common.cell().id())) {
                throw new MoveException(
                        "user " + user + ": is in cell " + own.cell().id() + ", their common shard in "
                                + common.cell().id() + " (expected: the same; another move came between)");
            }
            long epoch = epoch(own.shard(), own.epoch(), moves, common.cell().id());
            Split split = new Split(
                    user,
                    own.shard(),
                    epoch + 1,
                    common.shard(),
                    common.epoch(),
                    common.unit().id(),
                    Split.State.RETURNING);
            if (grant(now, moves, split, Moves.home(now.table(), split))) {
                return finish(split);
            }
        }
        throw Mover.changedTooOften();
    }

    private static Place common(RoutingTable table, String user) {
        return table.place(Buckets.of(user, table.shards())).orElseThrow();
    }

    private Split parting(RoutingTable table, Moves moves, String user) throws MoveException, SQLException {
        Place common = common(table, user);
        String cell = common.cell().id();
        int shard = moves.of(user).map(Split::shard).orElseGet(() -> moves.unusedShard(table));
        return new Split(
                user,
                shard,
                epoch(shard, 1, moves, cell) + 1,
                common.shard(),
                epoch(common.shard(), common.epoch(), moves, cell) + 1,
                common.unit().id(),
                Split.State.PARTING);
    }

    /** The highest that the shard has had, as far as anybody remembers. */
    private long epoch(int shard, long known, Moves moves, String cell) throws MoveException, SQLException {
        long epoch = Math.max(known, moves.of(shard).map(Grant::epoch).orElse(0L));
        for (Split split : moves.splits()) {
            if (split.shard() == shard) {
                epoch = Math.max(epoch, split.epoch());
            } else if (split.common() == shard) {
                epoch = Math.max(epoch, split.commonEpoch());
            }
        }
        try (Connection connection = connect(cell)) {
            return Math.max(epoch, FenceSteps.read(connection, shard).highest());
        }
    }

    /** Takes back what has not been done; false where it has. */
    boolean cancel(String user) throws MoveException, SQLException, IOException, InterruptedException {
        for (int tries = 0; tries < Mover.MAX_PUTS; tries++) {
            MoveLedger.Configuration now = ledger.read();
            Moves moves = Moves.parse(now.moves());
            Split split = moves.of(user)
                    .filter(Split::isUnderWay)
                    .orElseThrow(() -> new MoveException("user " + user + ": is not on the way to another shard"));
            boolean parting = split.state() == Split.State.PARTING;
            try (Connection connection = connect(cell(now, split))) {
                if (!FenceSteps.step(connection, () -> bar(connection, split))) {
                    return false;
                }
            }
            Split before = split.as(parting ? Split.State.HOME : Split.State.APART);
            if (ledger.put(Map.of(Moves.SECTION, moves.with(before)), now.version(), options.author())) {
                return true;
            }
        }
        throw Mover.changedTooOften();
    }

    /** From now on nobody who has slept meanwhile does it. */
    private static boolean bar(Connection connection, Split split) throws SQLException {
        Held common = FenceSteps.lock(connection, split.common());
        Optional<MoveRules.Both> barred =
                MoveRules.bar(split, new MoveRules.Both(common, FenceSteps.lock(connection, split.shard())));
        if (barred.isPresent()) {
            FenceSteps.put(connection, barred.get().common());
            FenceSteps.put(connection, barred.get().own());
        }
        return barred.isPresent();
    }

    /** Tells control, once nothing is in the way; false where the configuration has changed meanwhile. */
    private boolean grant(MoveLedger.Configuration now, Moves moves, Split split, ObjectNode table)
            throws MoveException, SQLException, IOException, InterruptedException {
        for (int shard : new int[] {split.shard(), split.common()}) {
            boolean underWay = moves.of(shard)
                    .filter(last -> last.state() == Grant.State.GRANTED || last.state() == Grant.State.DIFFERS)
                    .isPresent();
            if (underWay || moves.splitting(shard).isPresent()) {
                throw new MoveException("shard " + shard + ": is moved or split already (expected: that to be finished"
                        + " first; see 'cells show')");
            }
        }
        List<String> errors = RoutingTable.errors(Optional.of(now.table()), table);
        if (!errors.isEmpty()) {
            throw new MoveException("user " + split.user() + ": cannot be placed so: " + errors);
        }
        try (Connection connection = connect(cell(now, split))) {
            Owned.of(connection);
        }
        watch.begins(split, Step.GRANT);
        return ledger.put(Map.of(Moves.SECTION, moves.with(split)), now.version(), options.author());
    }

    private Split finish(Split split) throws MoveException, SQLException, IOException, InterruptedException {
        relabel(split);
        watch.begins(split, Step.PUBLISH);
        boolean parting = split.state() == Split.State.PARTING;
        Split done = split.as(parting ? Split.State.APART : Split.State.HOME);
        for (int tries = 0; tries < Mover.MAX_PUTS; tries++) {
            MoveLedger.Configuration now = ledger.read();
            Moves moves = Moves.parse(now.moves());
            if (!moves.of(split.user()).equals(Optional.of(split))) {
                return done;
            }
            ObjectNode table = parting ? Moves.apart(now.table(), split) : Moves.home(now.table(), split);
            if (ledger.put(
                    Map.of(RoutingTable.SECTION, table, Moves.SECTION, moves.with(done)),
                    now.version(),
                    options.author())) {
                return done;
            }
        }
        throw Mover.changedTooOften();
    }

    private void relabel(Split split) throws MoveException, SQLException, IOException, InterruptedException {
        String cell = cell(ledger.read(), split);
        long deadline = System.nanoTime() + options.gate().toNanos();
        Duration patience = FIRST_PATIENCE;
        watch.begins(split, Step.OPEN);
        try (Connection connection = connect(cell)) {
            while (!isDone(connection, split)) {
                List<Owned> tables = Owned.of(connection);
                Optional<Boolean> changed =
                        FenceSteps.step(connection, patience, () -> relabel(connection, split, tables));
                if (changed.equals(Optional.of(true))) {
                    return;
                }
                if (changed.isPresent() && !isDone(connection, split)) {
                    throw new MoveException("user " + split.user() + ": cell " + cell + " has shard " + split.common()
                            + " " + FenceSteps.read(connection, split.common()).row() + " and shard " + split.shard()
                            + " " + FenceSteps.read(connection, split.shard()).row()
                            + " (expected: both as control has it; cancel it)");
                }
                if (changed.isEmpty()
                        && (System.nanoTime() > deadline
                                || Thread.currentThread().isInterrupted())) {
                    throw new MoveException("user " + split.user() + ": writers held the fence of shard "
                            + split.common() + " for " + options.gate() + " (expected: a shorter transaction; again)");
                }
                // Let those through that have waited.
                Pauses.millis(patience.toMillis());
                Duration twice = patience.multipliedBy(2);
                patience = twice.compareTo(LONGEST_PATIENCE) < 0 ? twice : LONGEST_PATIENCE;
            }
            FenceSteps.makeSure(connection);
        }
    }

    private static boolean isDone(Connection connection, Split split) throws SQLException {
        Held own = FenceSteps.read(connection, split.shard());
        return split.state() == Split.State.PARTING ? MoveRules.isApart(split, own) : MoveRules.isHome(split, own);
    }

    private static boolean relabel(Connection connection, Split split, List<Owned> tables) throws SQLException {
        boolean parting = split.state() == Split.State.PARTING;
        // Of all transactions that take both, in this order.
        Held common = FenceSteps.lock(connection, split.common());
        MoveRules.Both held = new MoveRules.Both(common, FenceSteps.lock(connection, split.shard()));
        Optional<MoveRules.Both> changed = parting ? MoveRules.part(split, held) : MoveRules.comeHome(split, held);
        if (changed.isEmpty()) {
            return false;
        }
        // No trigger of a backend runs: nothing happens to the user.
        Sql.run(connection, "SET LOCAL session_replication_role = replica");
        for (Owned table : tables) {
            if (parting) {
                table.leave(connection, split);
            } else {
                table.comeBack(connection, split);
            }
        }
        FenceSteps.put(connection, changed.get().common());
        FenceSteps.put(connection, changed.get().own());
        return true;
    }

    private String cell(MoveLedger.Configuration now, Split split) throws MoveException {
        return Mover.cellOf(Mover.table(now), split.unit());
    }

    private Connection connect(String cell) throws MoveException, SQLException {
        return Mover.database(cells, cell).address().connect(APPLICATION);
    }
}
