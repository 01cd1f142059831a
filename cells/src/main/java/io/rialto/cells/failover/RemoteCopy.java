package io.rialto.cells.failover;

import io.rialto.node.postgres.DatabaseAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * How far a remote copy is, as it says itself and, where that answers, the primary.
 *
 * @param follows whether it gets the primary's log now
 * @param lastCommit when the newest transaction that it has was committed in the other city; empty where it has none since
 *     its start
 * @param bytes of the log that it has not; empty where the primary does not answer
 * @param behind time since the newest transaction that it has, zero where it has all; empty where the primary does not
 *     answer
 */
public record RemoteCopy(
        boolean follows, Optional<Instant> lastCommit, Optional<Long> bytes, Optional<Duration> behind) {
    private static final String SECONDS = "2";

    /** Asks both. @throws SQLException where the copy does not answer, or is none */
    public static RemoteCopy look(DatabaseAddress primary, DatabaseAddress copy) throws SQLException {
        String lsn;
        boolean follows;
        @Nullable String committed;
        try (Connection connection = connect(copy);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn(),"
                                + " EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),"
                                + " to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")) {
            row.next();
            if (!row.getBoolean(1)) {
                throw new SQLException("it is a primary (expected: a copy)");
            }
            lsn = row.getString(2);
            follows = row.getBoolean(3);
            committed = row.getString(4);
        }
        Optional<Instant> last = Optional.ofNullable(committed).map(Instant::parse);
        try (Connection connection = connect(primary);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT greatest(0, pg_current_wal_flush_lsn() - "
                        + statement.enquoteLiteral(lsn) + "::pg_lsn)::bigint, clock_timestamp()")) {
            row.next();
            long bytes = row.getLong(1);
            Instant now = row.getTimestamp(2).toInstant();
            return new RemoteCopy(
                    follows,
                    last,
                    Optional.of(bytes),
                    bytes == 0 ? Optional.of(Duration.ZERO) : last.map(commit -> Duration.between(commit, now)));
        } catch (SQLException e) {
            return new RemoteCopy(follows, last, Optional.empty(), Optional.empty());
        }
    }

    private static Connection connect(DatabaseAddress address) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", address.user());
        properties.put("password", address.password());
        properties.put("connectTimeout", SECONDS);
        properties.put("socketTimeout", SECONDS);
        properties.put("sslmode", "disable");
        return DriverManager.getConnection(address.url(), properties);
    }
}
