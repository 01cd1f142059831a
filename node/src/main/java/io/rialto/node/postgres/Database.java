package io.rialto.node.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.rialto.node.DurableFiles;
import io.rialto.node.Secrets;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** A database with its pool of connections: migrated by rooms, shared with backends by roles that can do little. */
public final class Database implements AutoCloseable {
    /** Lengths of names are bounded by PostgreSQL; what else could stand in one is left out. */
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,62}");

    private static final Duration CONNECT = Duration.ofSeconds(5);
    /** Shorter than the idle limits of usual firewalls. */
    private static final Duration KEEP_ALIVE = Duration.ofMinutes(2);

    /** What a backend may let an open transaction rest; all that it does in one takes milliseconds. */
    private static final Duration IDLE = Duration.ofSeconds(15);

    /** Rights on a database are one row of the server's catalogue, which of two transactions at a time one cannot change. */
    private static final int RIGHTS_LOCK = 21070;

    private final DatabaseAddress address;
    private final HikariDataSource pool;

    private Database(DatabaseAddress address, HikariDataSource pool) {
        this.address = address;
        this.pool = pool;
    }

    /**
     * Opens a pool; does not connect before the first use, so that a process starts while its database is away.
     *
     * @param name of the pool, for logs and for the server's list of connections
     * @param poolSize connections at most
     * @param poolWait how long a caller waits for one
     */
    public static Database open(DatabaseAddress address, String name, int poolSize, Duration poolWait) {
        HikariConfig config = new HikariConfig();
        config.setPoolName(name);
        config.setJdbcUrl(address.url());
        config.setUsername(address.user());
        config.setPassword(address.password());
        config.setMaximumPoolSize(poolSize);
        config.setMinimumIdle(Math.min(2, poolSize));
        config.setConnectionTimeout(poolWait.toMillis());
        config.setKeepaliveTime(KEEP_ALIVE.toMillis());
        config.setInitializationFailTimeout(-1);
        config.addDataSourceProperty("ApplicationName", name);
        config.addDataSourceProperty("connectTimeout", Long.toString(CONNECT.toSeconds()));
        config.addDataSourceProperty("tcpKeepAlive", "true");
        return new Database(address, new HikariDataSource(config));
    }

    /** Where the database is. */
    public DatabaseAddress address() {
        return address;
    }

    /** Connections of the pool; each transaction takes one and gives it back. */
    public DataSource dataSource() {
        return pool;
    }

    /**
     * Brings a room's tables to its newest version; several processes may do so at once.
     *
     * @param room names the table of what was done, {@code history_<room>} in the schema, so that rooms share a schema
     * @param location of the migrations on the class path, such as {@code io/rialto/cells/migrations}
     * @throws SQLException where the database does not answer, or refuses a change
     */
    public void migrate(String schema, String room, String location) throws SQLException {
        Flyway flyway = Flyway.configure(Database.class.getClassLoader())
                // Not the pool's: a migration takes several connections, of which a small pool may have too few.
                .dataSource(unpooled())
                .schemas(checked(schema))
                .defaultSchema(schema)
                .createSchemas(true)
                .table("history_" + checked(room))
                .locations("classpath:" + location)
                // Another room may have come first.
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .cleanDisabled(true)
                .load();
        try {
            flyway.migrate();
        } catch (FlywayException e) {
            throw new SQLException("tables of " + room + ": " + e.getMessage(), e);
        }
    }

    private DataSource unpooled() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(address.url());
        source.setUser(address.user());
        source.setPassword(address.password());
        source.setConnectTimeout((int) CONNECT.toSeconds());
        return source;
    }

    /**
     * A role for a backend: it may log in, owns the schema of the given name, and nothing else unless granted. Role and
     * schema are made where they are not there; the password is random and kept in the file.
     */
    public DatabaseAddress backendRole(String role, String schema, Path passwordFile, SecureRandom random)
            throws IOException, SQLException {
        String password = Secrets.readOrCreate(passwordFile, random);
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            if (!exists(statement, "pg_roles WHERE rolname = '" + checked(role) + "'")) {
                statement.execute("CREATE ROLE " + role + " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION");
            }
            // Sends a verifier, so that the password is in no statement and in no log of the server.
            connection.unwrap(PGConnection.class).alterUserPassword(role, password.toCharArray(), "scram-sha-256");
            // One that is cut off in the middle of a transaction holds off whoever waits for its locks, such as a move.
            statement.execute(
                    "ALTER ROLE " + role + " SET idle_in_transaction_session_timeout = '" + IDLE.toMillis() + "ms'");
            String database = statement.getConnection().getCatalog();
            statement.execute("REVOKE ALL ON DATABASE \"" + database + "\" FROM PUBLIC");
            statement.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC");
            statement.execute("GRANT CONNECT ON DATABASE \"" + database + "\" TO " + role);
            // An administrator that is no superuser can hand over only to a role whose member it is.
            statement.execute("GRANT " + role + " TO CURRENT_USER");
            statement.execute("CREATE SCHEMA IF NOT EXISTS " + checked(schema) + " AUTHORIZATION " + role);
            statement.execute("ALTER ROLE " + role + " SET search_path = " + schema);
        }
        return address.as(role, password);
    }

    /**
     * A role that may follow the changes of this database, and nothing else, with a random password: for one stream, that
     * ends with {@link #dropRole}.
     */
    public DatabaseAddress replicationRole(String role, SecureRandom random) throws SQLException {
        String password = Secrets.random(random);
        inTurn((connection, statement) -> {
            statement.execute(
                    "CREATE ROLE " + checked(role) + " LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE");
            connection.unwrap(PGConnection.class).alterUserPassword(role, password.toCharArray(), "scram-sha-256");
            statement.execute("GRANT CONNECT ON DATABASE " + statement.enquoteIdentifier(connection.getCatalog(), true)
                    + " TO " + role);
        });
        return address.as(role, password);
    }

    /** Drops a role that owns nothing, where it is there. */
    public void dropRole(String role) throws SQLException {
        inTurn((connection, statement) -> {
            if (exists(statement, "pg_roles WHERE rolname = '" + checked(role) + "'")) {
                statement.execute("REVOKE ALL ON DATABASE " + statement.enquoteIdentifier(connection.getCatalog(), true)
                        + " FROM " + role);
                statement.execute("DROP ROLE " + role);
            }
        });
    }

    private interface Change {
        void run(Connection connection, Statement statement) throws SQLException;
    }

    /** Changes rights in one transaction, after all others that are at it. */
    private void inTurn(Change change) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute("SELECT pg_advisory_xact_lock(" + RIGHTS_LOCK + ")");
                change.run(connection, statement);
                connection.commit();
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    /** Replaces the password of a backend's role by a new random one. */
    public DatabaseAddress rotate(String role, Path passwordFile, SecureRandom random)
            throws IOException, SQLException {
        String password = Secrets.random(random);
        try (Connection connection = pool.getConnection()) {
            connection
                    .unwrap(PGConnection.class)
                    .alterUserPassword(checked(role), password.toCharArray(), "scram-sha-256");
        }
        DurableFiles.replace(passwordFile, password.getBytes(StandardCharsets.UTF_8));
        return address.as(role, password);
    }

    private static boolean exists(Statement statement, String what) throws SQLException {
        try (ResultSet rows = statement.executeQuery("SELECT 1 FROM " + what)) {
            return rows.next();
        }
    }

    private static String checked(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("name: " + name + " (expected: " + NAME + ")");
        }
        return name;
    }

    @Override
    public void close() {
        pool.close();
    }
}
