package io.rialto.sync.inbox;

import io.rialto.node.postgres.Database;
import io.rialto.sync.InboxException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Transactions on the tables of the inbox, other than publishes. */
final class Tables {
    /** Rows of one transaction at most, so that none holds its locks for long. */
    static final int MAX_ROWS = 1_000;

    /**
     * Behind a query, in its round trip and its transaction, where the server has standbys: its answer waits until they have
     * what it saw. A server that was killed shows after its start what no standby has, one that is cut off what it gave up waiting
     * for, and a former primary what it had; the server that takes over may give the same sequence to another message. What a
     * device is told must be there for ever.
     */
    static final String LASTING = """
            ; SELECT CASE WHEN current_setting('synchronous_standby_names') <> ''
                     THEN pg_logical_emit_message(true, 'rialto', '') END""";

    private static final String UNKNOWN = "08007";

    private static final int TRIES = 3;
    /** Two transactions waited for each other; a broken or closed connection; a server that starts or stops. */
    private static final Set<String> AGAIN = Set.of("40001", "40P01", "57P01", "57P02", "57P03", "08003", "08006");

    private final Database database;
    private final long patienceNanos;

    /** Work in a transaction. */
    @FunctionalInterface
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    /**
     * Tables of a database.
     *
     * @param patience after that nothing is tried again
     */
    Tables(Database database, Duration patience) {
        this.database = database;
        this.patienceNanos = patience.toNanos();
    }

    /** One statement, seen at one moment. */
    <T> T read(Work<T> work) {
        return attempt(false, work);
    }

    /** The rows of a query with {@link #LASTING} behind it. */
    static ResultSet lasting(PreparedStatement statement) throws SQLException {
        statement.execute();
        SQLWarning warning = statement.getWarnings();
        if (warning != null) {
            throw new SQLException("what was read is not known to last: " + warning.getMessage(), UNKNOWN);
        }
        return statement.getResultSet();
    }

    /** A transaction; run again where the database gave up, so it must be such that twice is as once. */
    <T> T write(Work<T> work) {
        return attempt(true, work);
    }

    /**
     * As {@link #write}, but does not wait for the disk: a crash of the database may take back what was written in its
     * last moments, whole transactions, the newest first. For what is told again, or may be lost.
     */
    <T> T writeSoon(Work<T> work) {
        return write(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET LOCAL synchronous_commit = off");
            }
            return work.run(connection);
        });
    }

    private <T> T attempt(boolean transaction, Work<T> work) {
        long began = System.nanoTime();
        for (int tries = 1; ; tries++) {
            try (Connection connection = database.dataSource().getConnection()) {
                return transaction ? inTransaction(connection, work) : work.run(connection);
            } catch (SQLException e) {
                boolean late = System.nanoTime() - began > patienceNanos;
                if (late || tries == TRIES || !AGAIN.contains(String.valueOf(e.getSQLState()))) {
                    throw new InboxException("the cell's database: " + e.getMessage(), e);
                }
            }
        }
    }

    private static <T> T inTransaction(Connection connection, Work<T> work) throws SQLException {
        connection.setAutoCommit(false);
        try {
            T result = work.run(connection);
            connection.commit();
            return result;
        } catch (SQLException | RuntimeException e) {
            try {
                connection.rollback();
            } catch (SQLException broken) {
                e.addSuppressed(broken);
            }
            throw e;
        }
    }

    /**
     * An array parameter of a column of the rows. PostgreSQL has no text with a zero byte, and would refuse all rows for one
     * device that says such a thing: it becomes the character that stands for what cannot be read.
     */
    static <T> Array column(
            Connection connection, String type, List<T> rows, Function<T, ? extends @Nullable Object> value)
            throws SQLException {
        Object[] values = new Object[rows.size()];
        for (int i = 0; i < values.length; i++) {
            Object one = value.apply(rows.get(i));
            values[i] = one instanceof String text ? text.replace('\0', '\uFFFD') : one;
        }
        return connection.createArrayOf(type, values);
    }
}
