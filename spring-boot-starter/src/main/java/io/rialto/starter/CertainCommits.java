package io.rialto.starter;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import javax.sql.DataSource;
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

    CertainCommits(DataSource dataSource) {
        super(dataSource);
    }

    @Override
    protected void doCommit(DefaultTransactionStatus status) {
        Connection connection = ((JdbcTransactionObjectSupport) status.getTransaction())
                .getConnectionHolder()
                .getConnection();
        try {
            connection.clearWarnings();
            super.doCommit(status);
            SQLWarning warning = connection.getWarnings();
            if (warning != null) {
                throw new SQLException("a commit is not known to be durable: " + warning.getMessage(), UNKNOWN);
            }
        } catch (SQLException e) {
            throw new TransactionSystemException("commit", e);
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
