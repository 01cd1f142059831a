package io.rialto.node.postgres;

import io.rialto.node.Secrets;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * Where a database is and as whom to speak to it.
 *
 * @param url the JDBC URL, without user and password
 */
public record DatabaseAddress(String url, String user, String password) {
    private static final String SCHEME = "jdbc:postgresql:";
    private static final String STANDARD_PORT = "5432";
    private static final String CONNECT_SECONDS = "5";

    public DatabaseAddress {
        if (!url.startsWith(SCHEME)) {
            throw new IllegalArgumentException("database url: " + url + " (expected: " + SCHEME + "//host:port/name)");
        }
        if (url.contains("password=")) {
            throw new IllegalArgumentException(
                    "database url: with a password (expected: it in a file, not in the url)");
        }
    }

    /** The address of an external database whose password is in a file. */
    public static DatabaseAddress of(String url, String user, Path passwordFile) throws IOException {
        return new DatabaseAddress(url, user, Secrets.read(passwordFile));
    }

    /** The same database as another role. */
    public DatabaseAddress as(String otherUser, String otherPassword) {
        return new DatabaseAddress(url, otherUser, otherPassword);
    }

    /** The same database by another way. */
    DatabaseAddress at(String otherUrl) {
        return new DatabaseAddress(otherUrl, user, password);
    }

    /**
     * The same at whichever of some servers is the primary.
     *
     * @param servers host and port of each
     */
    public DatabaseAddress atPrimaryOf(List<String> servers, String database) {
        return at(SCHEME + "//" + String.join(",", servers) + "/" + database
                + "?targetServerType=primary&loadBalanceHosts=true&hostRecheckSeconds=0&sslResponseTimeout=1000");
    }

    /**
     * A connection outside any pool, for work that keeps one to itself. A server that accepts connections and then says
     * nothing, as one that stands still, holds it up for some seconds; then the next one of the address is tried.
     */
    public Connection connect(String application) throws SQLException {
        Properties properties = properties(application);
        properties.put("socketTimeout", CONNECT_SECONDS);
        Connection connection = DriverManager.getConnection(url, properties);
        // What is asked of it may take long.
        connection.setNetworkTimeout(Runnable::run, 0);
        return connection;
    }

    Properties properties(String application) {
        Properties properties = new Properties();
        properties.put("user", user);
        properties.put("password", password);
        properties.put("ApplicationName", application);
        properties.put("connectTimeout", CONNECT_SECONDS);
        properties.put("tcpKeepAlive", "true");
        return properties;
    }

    /** The same in the form that PostgreSQL itself connects by; with the password, so for no log. */
    public String connectionString() {
        String rest = url.substring(SCHEME.length());
        int end = rest.indexOf('/', 2);
        if (!rest.startsWith("//") || end < 0) {
            throw new IllegalArgumentException("database url: " + url + " (expected: " + SCHEME + "//host:port/name)");
        }
        List<String> hosts = new ArrayList<>();
        List<String> ports = new ArrayList<>();
        for (String server : rest.substring(2, end).split(",", -1)) {
            int colon = server.lastIndexOf(':');
            boolean withPort = colon > server.lastIndexOf(']');
            hosts.add((withPort ? server.substring(0, colon) : server)
                    .replace("[", "")
                    .replace("]", ""));
            ports.add(withPort ? server.substring(colon + 1) : STANDARD_PORT);
        }
        int query = rest.indexOf('?', end);
        return "host=" + quoted(String.join(",", hosts)) + " port=" + quoted(String.join(",", ports)) + " dbname="
                + quoted(rest.substring(end + 1, query < 0 ? rest.length() : query)) + " user=" + quoted(user)
                + " password=" + quoted(password) + (hosts.size() > 1 ? " target_session_attrs=primary" : "");
    }

    private static String quoted(String value) {
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    /** Without the password. */
    @Override
    public String toString() {
        return url + " as " + user;
    }
}
