package io.rialto.cells.move;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.SlotSnapshot;
import io.rialto.node.postgres.TableCopy;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The read copy of the global data in the database of one cell that does not own it: all tables with the check
 * {@code shard = -1}, and their version, by one publication, slot and subscription. Whoever keeps it keeps nothing itself:
 * {@link #keep} looks at both databases and makes the copy, or makes it anew, where the stream between them is not whole.
 * A copy is replaced in one transaction, so readers see the old one until they see the new one.
 */
public final class GlobalCopy {
    private static final String VERSION_TABLE = "rialto.global_version";

    /** Of the lock that one keeper of a copy holds at a time. */
    private static final int LOCK_CLASS = 21070;

    /** Rows between two looks at nothing: a copy is not slowed. */
    private static final int BATCH_ROWS = 10_000;

    private final Database owner;
    private final Database copy;
    private final String prefix;
    private final SecureRandom random;

    /** What there was to do. */
    public enum State {
        /** The copy follows; nothing was done. */
        FOLLOWS,
        /** It was made, or made anew, and follows now. */
        MADE,
        /** It cannot be made now. */
        WAITS
    }

    /**
     * The result of a look.
     *
     * @param why for a person
     */
    public record Look(State state, String why) {}

    /**
     * A cell's copy.
     *
     * @param cell whose it is: lower-case letters, digits and dashes
     * @param owner the database of the global cell, as its administrator
     * @param copy that of the other cell
     */
    public GlobalCopy(String cell, Database owner, Database copy, SecureRandom random) {
        this.owner = owner;
        this.copy = copy;
        this.prefix = "rialto_global_" + cell.replace('-', '_') + "_";
        this.random = random;
    }

    /** Makes the copy where there is none that follows. It may be called again at any time, by several at once. */
    public Look keep() throws SQLException, MoveException, InterruptedException {
        try (Connection from = owner.address().connect("rialto-global");
                Connection to = copy.address().connect("rialto-global")) {
            if (!Sql.is(to, "SELECT pg_try_advisory_lock(?, ?)", LOCK_CLASS, -1)) {
                return new Look(State.WAITS, "another keeper is at it");
            }
            if (!isOpen(from) || isOpen(to)) {
                return new Look(State.WAITS, "the global data is not open in its cell alone (expected: it to be)");
            }
            List<Carried> tables = tables(from);
            List<Carried> there = tables(to);
            List<Carried> missing =
                    tables.stream().filter(table -> !there.contains(table)).toList();
            if (!missing.isEmpty()) {
                return new Look(
                        State.WAITS,
                        "tables " + missing + " are not here (expected: the same columns as in the global cell, made by"
                                + " the backends of this cell)");
            }
            Optional<String> gap = gap(from, to, tables);
            if (gap.isEmpty()) {
                return new Look(State.FOLLOWS, tables.size() + " tables");
            }
            long rows = make(from, to, tables);
            return new Look(State.MADE, rows + " rows of " + tables.size() + " tables: " + gap.get());
        }
    }

    private static boolean isOpen(Connection connection) throws SQLException {
        return Sql.is(connection, "SELECT EXISTS (SELECT FROM rialto.fence WHERE shard = -1 AND state = 'OPEN')");
    }

    private static List<Carried> tables(Connection connection) throws SQLException {
        return Sql.list(
                connection,
                row -> new Carried(
                        row.getString(1), List.of((String[]) row.getArray(2).getArray())),
                "SELECT format('%I.%I', c.schema, c.\"table\"), array_agg(quote_ident(a.attname) ORDER BY a.attname)"
                        + " FROM rialto.carried c JOIN pg_attribute a ON a.attrelid = c.name"
                        + " WHERE c.global AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
                        + " GROUP BY 1 ORDER BY 1");
    }

    /** What is missing for the copy to follow; empty where nothing is. */
    private Optional<String> gap(Connection from, Connection to, List<Carried> tables) throws SQLException {
        Optional<String> name = ShardStream.subscription(to, prefix);
        if (name.isEmpty()) {
            return Optional.of("there was no copy");
        }
        List<String> copied =
                Sql.list(to, row -> row.getString(1), "SELECT name FROM rialto.global_copy ORDER BY name");
        if (!copied.equals(names(tables))) {
            return Optional.of("it was of the tables " + copied);
        }
        if (!ShardStream.isUsable(from, name.get())) {
            return Optional.of("its slot was gone");
        }
        return Sql.is(to, "SELECT subenabled FROM pg_subscription WHERE subname = ?", name.get())
                ? Optional.empty()
                : Optional.of("its stream had come to a change that it could not apply");
    }

    private static List<String> names(List<Carried> tables) {
        return tables.stream().map(Carried::name).sorted().toList();
    }

    private long make(Connection from, Connection to, List<Carried> tables)
            throws SQLException, MoveException, InterruptedException {
        // In a transaction of its own: dropping a subscription holds off all others of the database.
        ShardStream.dropSubscription(to, prefix);
        ShardStream.dropSlots(owner, from, prefix);
        Sql.run(from, "INSERT INTO " + VERSION_TABLE + " (shard, version) VALUES (-1, 0) ON CONFLICT DO NOTHING");
        String name = prefix + HexFormat.of().toHexDigits(random.nextInt());
        Sql.run(
                from,
                "CREATE PUBLICATION " + name + " FOR TABLE "
                        + Stream.concat(names(tables).stream(), Stream.of(VERSION_TABLE))
                                .collect(Collectors.joining(", "))
                        + " WITH (publish = 'insert, update, delete')");
        DatabaseAddress follower = owner.replicationRole(name, random);
        to.setAutoCommit(false);
        try {
            // No trigger of a backend runs for rows that were written elsewhere.
            Sql.run(to, "SET LOCAL session_replication_role = replica");
            long rows = replace(from, to, tables, name);
            // The statement has a password, which an error would write to the server's log.
            Sql.run(to, "SET LOCAL log_min_error_statement = panic");
            // A write that the own standbys lack must not be confirmed: the slot would not send it again.
            Sql.run(
                    to,
                    "CREATE SUBSCRIPTION " + name + " CONNECTION '"
                            + follower.connectionString().replace("'", "''") + "' PUBLICATION " + name
                            + " WITH (create_slot = false, copy_data = false, synchronous_commit = on,"
                            + " streaming = off, disable_on_error = true)");
            to.commit();
            return rows;
        } finally {
            to.rollback();
            to.setAutoCommit(true);
        }
    }

    private long replace(Connection from, Connection to, List<Carried> tables, String name)
            throws SQLException, MoveException, InterruptedException {
        Carried version = new Carried(VERSION_TABLE, List.of("shard", "version"));
        List<Carried> all = Stream.concat(tables.stream(), Stream.of(version)).toList();
        for (Carried table : all) {
            Sql.run(to, "DELETE FROM " + table.name());
        }
        Sql.run(to, "DELETE FROM rialto.global_copy");
        for (Carried table : tables) {
            Sql.update(to, "INSERT INTO rialto.global_copy (name) VALUES (?)", table.name());
        }
        long rows = 0;
        try (SlotSnapshot slot = SlotSnapshot.create(owner.address(), name)) {
            from.setAutoCommit(false);
            from.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            try {
                Sql.run(from, "SET TRANSACTION SNAPSHOT '" + slot.name() + "'");
                ShardStream.awaitCommitted(owner, from, "global data");
                for (Carried table : all) {
                    rows += TableCopy.copy(
                            from,
                            table.rows(GLOBAL_SHARD),
                            to,
                            table.name() + " (" + table.columnList() + ")",
                            BATCH_ROWS,
                            more -> {});
                }
            } finally {
                from.rollback();
                from.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
                from.setAutoCommit(true);
            }
        }
        return rows - 1;
    }

    private static final int GLOBAL_SHARD = io.rialto.cells.RoutingTable.GLOBAL_SHARD;
}
