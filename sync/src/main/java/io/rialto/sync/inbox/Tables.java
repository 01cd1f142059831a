package io.rialto.sync.inbox;

import io.rialto.node.postgres.Database;
import io.rialto.sync.InboxException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Transactions on the tables of the inbox, other than publishes. */
final class Tables {
    /** Rows of one transaction at most, so that none holds its locks for long. */
    static final int MAX_ROWS = 1_000;

    private static final int TRIES = 3;
    /** Two transactions waited for each other; a broken or closed connection; a server that starts or stops. */
    private static final Set<String> AGAIN = Set.of("40001", "40P01", "57P01", "57P02", "57P03", "08003", "08006");

    private final Database database;

    /** Work in a transaction. */
    @FunctionalInterface
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    Tables(Database database) {
        this.database = database;
    }

    /** One statement, seen at one moment. */
    <T> T read(Work<T> work) {
        return attempt(false, work);
    }

    /** A transaction; run again where the database gave up, so it must be such that twice is as once. */
    <T> T write(Work<T> work) {
        return attempt(true, work);
    }

    private <T> T attempt(boolean transaction, Work<T> work) {
        for (int tries = 1; ; tries++) {
            try (Connection connection = database.dataSource().getConnection()) {
                return transaction ? inTransaction(connection, work) : work.run(connection);
            } catch (SQLException e) {
                if (tries == TRIES || !AGAIN.contains(String.valueOf(e.getSQLState()))) {
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

    /** An array parameter of a column of the rows. */
    static <T> java.sql.Array column(
            Connection connection, String type, List<T> rows, Function<T, ? extends Object> value) throws SQLException {
        return connection.createArrayOf(type, rows.stream().map(value).toArray());
    }
}
