package io.rialto.sync.inbox;

import io.rialto.node.postgres.DatabaseAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;

/** How the room's connections are set. */
final class InboxConnections {
    /**
     * Statements here find rows by whole keys. A plan made while a table was empty, or for other values, would read all
     * of it: so no plan does that, and one plan is made for each statement. A transaction whose owner is gone, or cut
     * off, gives its locks back.
     */
    private static final String OPTIONS = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan"
            + " -c statement_timeout=0 -c idle_in_transaction_session_timeout=15s";

    private static final Duration CONNECT = Duration.ofSeconds(5);

    private InboxConnections() {}

    /** The same database with those settings, and with a bound on how long an answer may take to come. */
    static DatabaseAddress address(DatabaseAddress plain, Duration answer) {
        String url = plain.url() + (plain.url().contains("?") ? "&" : "?")
                + "socketTimeout=" + Math.max(1, answer.toSeconds())
                + "&prepareThreshold=1"
                + "&options="
                + URLEncoder.encode(OPTIONS, StandardCharsets.UTF_8).replace("+", "%20");
        return new DatabaseAddress(url, plain.user(), plain.password());
    }

    /** A connection of a writer, which has it alone and for which each statement is a transaction; what it commits is durable whatever the database's default is. */
    static Connection writer(DatabaseAddress address, String name) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", address.user());
        properties.put("password", address.password());
        properties.put("connectTimeout", Long.toString(CONNECT.toSeconds()));
        properties.put("loginTimeout", Long.toString(CONNECT.toSeconds()));
        properties.put("tcpKeepAlive", "true");
        properties.put("ApplicationName", name);
        Connection connection = DriverManager.getConnection(address.url(), properties);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT set_config('synchronous_commit', 'on', false)"
                    + " WHERE current_setting('synchronous_commit') <> 'remote_apply'");
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }
}
