package io.rialto.starter;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.JdbcTransactionObjectSupport;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.support.DefaultTransactionStatus;

/**
 * Takes a commit for done only when PostgreSQL says so without a warning. It answers with one when its wait for a standby
 * was cancelled: the write is on this server, and lost when another one takes over.
 */
final class CertainCommits extends DataSourceTransactionManager {
    private static final long serialVersionUID = 1L;

    private static final System.Logger LOG = System.getLogger(CertainCommits.class.getName());

    /** Transaction resolution unknown: the caller tries again with its idempotency key. */
    private static final String UNKNOWN = "08007";

    /** PostgreSQL takes the commit of a broken transaction for a rollback, and that for a success: a statement before it fails. */
    private static final String COMMIT_AND_LOOK = "SELECT; COMMIT; SELECT rialto.written()";

    /** Classes of SQLSTATE: a check at the commit, a conflict, a transaction that was broken already. */
    private static final Set<String> DID_NOTHING = Set.of("23", "40", "25");

    CertainCommits(DataSource dataSource) {
        super(dataSource);
    }

    @Override
    protected void doCommit(DefaultTransactionStatus status) {
        Connection connection = ((JdbcTransactionObjectSupport) status.getTransaction())
                .getConnectionHolder()
                .getConnection();
        try {
            if (Written.isWanted() && !status.isReadOnly()) {
                Written.saw(commitAndLook(connection));
                return;
            }
            connection.clearWarnings();
            super.doCommit(status);
            requireNone(connection.getWarnings());
        } catch (SQLException e) {
            throw new TransactionSystemException("commit", e);
        }
    }

    private static void requireNone(@Nullable SQLWarning warning) throws SQLException {
        if (warning != null) {
            throw new SQLException("a commit is not known to be durable: " + warning.getMessage(), UNKNOWN);
        }
    }

    /**
     * Commits, and looks how far the log has come then, in one round trip. Not before the commit: records of others may come
     * between such a place and the commit's own, and a copy of the log that ends there would pass for one that has it.
     */
    private static @Nullable String commitAndLook(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(COMMIT_AND_LOOK)) {
            statement.execute();
            requireNone(statement.getWarnings());
            statement.getMoreResults();
            statement.getMoreResults();
            try (ResultSet row = statement.getResultSet()) {
                return row.next() ? row.getString(1) : null;
            }
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            if (state.startsWith("25")) {
                connection.rollback();
            }
            if (DID_NOTHING.contains(state.substring(0, 2)) || state.startsWith("08")) {
                throw e;
            }
            throw new SQLException("a commit is not known to be done: " + e.getMessage(), UNKNOWN, e);
        }
    }

    /** A rollback fails where the connection is gone, and the transaction with it: the failure to tell is what broke it. */
    @Override
    protected void doRollback(DefaultTransactionStatus status) {
        try {
            super.doRollback(status);
        } catch (TransactionSystemException e) {
            LOG.log(System.Logger.Level.DEBUG, "nothing to roll back any more", e);
        }
    }
}
