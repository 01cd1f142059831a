package io.rialto.node.postgres;

import io.rialto.node.Secrets;
import io.rialto.node.Size;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An embedded PostgreSQL: one postmaster on one data directory, which outlives the process. It listens on one address,
 * 127.0.0.1 unless it is told another, asks everyone for a password, and is durable: it does not start without fsync. When
 * the postmaster dies, it is started again on the same port.
 *
 * <p>Below the directory: {@code data} (PostgreSQL's own), {@code password} (of the superuser), {@code lock} (held while
 * a process owns the directory), {@code start.log}.
 *
 * <p>A virtual thread watches the postmaster; {@link #health} may be asked from any thread.
 */
public final class PostgresServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresServer.class);

    /** Recovery after a crash reads the log since the last checkpoint. */
    private static final Duration START = Duration.ofMinutes(5);

    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    /** One of a group leaves the others time to take over: what crashed may crash again. */
    private static final Duration MEMBER_PAUSE = Duration.ofSeconds(3);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    /** A free port may be taken by somebody else before PostgreSQL listens on it. */
    private static final int PORT_TRIES = 5;

    static final String MAINTENANCE_DATABASE = "postgres";
    private static final Map<String, String> REQUIRED =
            Map.of("fsync", "on", "synchronous_commit", "on", "full_page_writes", "on");

    /**
     * How the server is.
     *
     * @param running whether its postmaster runs and has answered
     * @param restarts how often it died and was started again
     * @param problem what is wrong, where it does not run
     */
    public record Health(boolean running, int restarts, Optional<String> problem) {}

    /**
     * What a server may be told.
     *
     * @param port 0 takes a free one, another at each start
     * @param maxConnections that the server accepts
     * @param replication where it is one of a group
     */
    public record Options(
            int port, int maxConnections, Size sharedBuffers, Optional<Replication> replication, PostgresPlace place) {
        /** A free port, room for a few pools, PostgreSQL's own default of memory. */
        public static Options standard() {
            return new Options(0, 200, Size.of("128m"), Optional.empty(), PostgresPlace.LOOPBACK);
        }

        public static Options of(DatabaseSettings settings) {
            return new Options(
                    settings.port(),
                    settings.maxConnections(),
                    settings.sharedBuffers(),
                    Optional.empty(),
                    PostgresPlace.LOOPBACK);
        }

        /** The same for one of a group. */
        public Options in(Replication group) {
            return new Options(port, maxConnections, sharedBuffers, Optional.of(group), place);
        }

        /** The same for one that runs elsewhere. */
        public Options in(PostgresPlace other) {
            return new Options(port, maxConnections, sharedBuffers, replication, other);
        }

        Options at(int otherPort) {
            return new Options(otherPort, maxConnections, sharedBuffers, replication, place);
        }

        Duration firstPause() {
            return replication.filter(group -> group.quorum() > 0).isPresent() ? MEMBER_PAUSE : FIRST_PAUSE;
        }
    }

    private final PostgresCluster cluster;
    private final FileChannel lock;
    private final Options options;
    private final Endpoint endpoint;
    private final String password;
    private final AtomicInteger restarts = new AtomicInteger();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread watcher;
    private volatile Process postmaster;
    private volatile @Nullable String problem;

    private PostgresServer(
            PostgresCluster cluster,
            FileChannel lock,
            Options options,
            String password,
            Started started,
            Path directory) {
        this.cluster = cluster;
        this.lock = lock;
        this.options = options;
        this.password = password;
        this.endpoint = started.endpoint();
        this.postmaster = started.postmaster();
        this.watcher =
                Thread.ofVirtual().name("postgres-" + directory.getFileName()).unstarted(this::watch);
    }

    private record Started(Process postmaster, Endpoint endpoint) {}

    private record Endpoint(String host, int port) {
        String url(String database) {
            return "jdbc:postgresql://" + this + "/" + database;
        }

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /**
     * Starts the server of a directory, making its database where there is none. What an earlier process left running
     * there is stopped first.
     *
     * @param binaries where PostgreSQL's programs are unpacked to, shared by all servers of a machine
     * @throws IOException where the directory is in use by another process, or the server does not start
     */
    public static PostgresServer start(Path binaries, Path directory, Options options, SecureRandom random)
            throws IOException, InterruptedException {
        Path absolute = directory.toAbsolutePath().normalize();
        Files.createDirectories(absolute);
        FileChannel lock = lock(absolute);
        try {
            Path home = PostgresBinaries.unpack(binaries.toAbsolutePath().normalize());
            Path data = absolute.resolve("data");
            Unprivileged unprivileged = Unprivileged.choose(Files.exists(data) ? data : absolute);
            return start(new PostgresCluster(home, absolute, unprivileged), absolute, lock, options, random);
        } catch (IOException | InterruptedException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    static PostgresServer start(
            PostgresCluster cluster, Path directory, FileChannel lock, Options options, SecureRandom random)
            throws IOException, InterruptedException {
        String password = Secrets.readOrCreate(directory.resolve("password"), random);
        cluster.initialise(password, options.place());
        cluster.endOrphans();
        Started started = launch(cluster, options, password);
        PostgresServer server = new PostgresServer(cluster, lock, options, password, started, directory);
        server.watcher.start();
        LOG.info("PostgreSQL of {} listens on {}", directory, started.endpoint());
        return server;
    }

    /** Ends what an earlier process of ours left running in a directory whose server is not to be started. */
    static void endLeftOver(Path binaries, Path directory, boolean inOrder) throws IOException, InterruptedException {
        Path data = directory.resolve("data");
        if (Files.isDirectory(data)) {
            FileChannel held = lock(directory);
            try {
                Path home = PostgresBinaries.unpack(binaries.toAbsolutePath().normalize());
                PostgresCluster cluster = new PostgresCluster(home, directory, Unprivileged.choose(data));
                if (inOrder) {
                    cluster.endOrphans();
                } else {
                    cluster.kill();
                }
            } finally {
                held.close();
            }
        }
    }

    static FileChannel lock(Path directory) throws IOException {
        FileChannel channel =
                FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // held by this very process
        }
        channel.close();
        throw new IOException(directory + ": in use by another process (expected: one process per data directory)");
    }

    private static Started launch(PostgresCluster cluster, Options options, String password)
            throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            Endpoint endpoint = new Endpoint(options.place().host(), options.port() == 0 ? freePort() : options.port());
            Process postmaster = cluster.launch(endpoint.port(), options);
            try {
                awaitReady(cluster, postmaster, endpoint, password, required(options));
                return new Started(postmaster, endpoint);
            } catch (IOException e) {
                end(postmaster);
                boolean taken = e.getMessage() != null && e.getMessage().contains("could not bind");
                if (!taken || options.port() != 0 || attempt == PORT_TRIES) {
                    throw e;
                }
            }
        }
    }

    private static void end(Process postmaster) throws InterruptedException {
        postmaster.destroyForcibly();
        postmaster.waitFor();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private static void awaitReady(
            PostgresCluster cluster,
            Process postmaster,
            Endpoint endpoint,
            String password,
            Map<String, String> required)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START.toNanos();
        while (true) {
            try {
                check(endpoint, password, required);
                return;
            } catch (SQLException e) {
                if (!postmaster.isAlive()) {
                    throw new IOException(
                            "PostgreSQL ended with " + postmaster.exitValue() + ": " + cluster.startLog(), e);
                }
                // 08*: not listening yet; 57P03: starting up or recovering.
                String state = String.valueOf(e.getSQLState());
                if (!state.startsWith("08") && !state.equals("57P03")) {
                    throw new IOException("PostgreSQL on " + endpoint + ": " + e.getMessage(), e);
                }
                if (System.nanoTime() > deadline) {
                    throw new IOException("PostgreSQL on " + endpoint + ": not ready after " + START, e);
                }
            }
            TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
        }
    }

    private static Map<String, String> required(Options options) {
        Map<String, String> required = new HashMap<>(REQUIRED);
        options.replication()
                .ifPresent(group -> required.put("synchronous_standby_names", group.synchronousStandbyNames()));
        return required;
    }

    private static void check(Endpoint endpoint, String password, Map<String, String> expected)
            throws SQLException, IOException {
        try (Connection connection = connect(endpoint, password);
                Statement statement = connection.createStatement()) {
            for (Map.Entry<String, String> required : expected.entrySet()) {
                try (ResultSet row = statement.executeQuery("SHOW " + required.getKey())) {
                    row.next();
                    if (!row.getString(1).equals(required.getValue())) {
                        throw new IOException(required.getKey() + ": " + row.getString(1) + " (expected: "
                                + required.getValue() + "; without it acknowledged writes can be lost)");
                    }
                }
            }
        }
    }

    private static Connection connect(Endpoint endpoint, String password) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", PostgresCluster.SUPERUSER);
        properties.put("password", password);
        properties.put("connectTimeout", "5");
        properties.put("socketTimeout", "10");
        return DriverManager.getConnection(endpoint.url(MAINTENANCE_DATABASE), properties);
    }

    private void watch() {
        Duration pause = options.firstPause();
        try {
            while (true) {
                int code = postmaster.waitFor();
                if (stopping.getCount() == 0) {
                    return;
                }
                problem = "postmaster ended with " + code;
                LOG.error("PostgreSQL on {}: {}, starting it again", endpoint, problem);
                if (stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                pause = restart() ? options.firstPause() : longer(pause);
                if (stopping.getCount() == 0) {
                    // Whoever closed may have seen the dead postmaster only.
                    stopPostmaster(cluster::stop);
                    return;
                }
            }
        } catch (IOException e) {
            LOG.error("PostgreSQL on {} does not stop", endpoint, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean restart() throws InterruptedException {
        try {
            restarts.incrementAndGet();
            cluster.endOrphans();
            postmaster = launch(cluster, options.at(endpoint.port()), password).postmaster();
            problem = null;
            LOG.info("PostgreSQL on {} runs again", endpoint);
            return true;
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage());
            LOG.error("PostgreSQL on {} does not start", endpoint, e);
            return false;
        }
    }

    private static Duration longer(Duration pause) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
    }

    /** The database of this name, as the superuser; it is made where it is not there. */
    public DatabaseAddress database(String name) throws SQLException {
        try (Connection connection = connect(endpoint, password);
                Statement statement = connection.createStatement()) {
            // Of a group, the first has nobody yet to wait for; those who come later copy this.
            statement.execute("SET synchronous_commit = local");
            String quoted = statement.enquoteIdentifier(name, true);
            boolean missing;
            try (ResultSet rows = statement.executeQuery(
                    "SELECT 1 FROM pg_database WHERE datname = " + statement.enquoteLiteral(name))) {
                missing = !rows.next();
            }
            if (missing) {
                statement.execute("CREATE DATABASE " + quoted);
            }
        }
        return new DatabaseAddress(endpoint.url(name), PostgresCluster.SUPERUSER, password);
    }

    /** The address of a database that is there, also of a server that takes no writes. */
    DatabaseAddress address(String name) {
        return new DatabaseAddress(endpoint.url(name), PostgresCluster.SUPERUSER, password);
    }

    /** The port on its address. */
    public int port() {
        return endpoint.port();
    }

    /** How the server is now. */
    public Health health() {
        String wrong = problem;
        boolean running = wrong == null && postmaster.isAlive();
        return new Health(running, restarts.get(), running ? Optional.empty() : Optional.ofNullable(wrong));
    }

    /** The process of the postmaster. */
    public long postmasterPid() {
        return postmaster.pid();
    }

    /** Stops the server in order; what was committed is on disk. */
    @Override
    public void close() throws IOException {
        close(cluster::stop);
    }

    /** Stops the server as a crash would, without waiting for anyone; what was committed is on disk. */
    void closeAtOnce() throws IOException {
        close(cluster::stopAtOnce);
    }

    /** Ends the server whatever state it is in, also one that stands still; what was committed is on disk. */
    void kill() throws IOException {
        close(() -> {
            postmaster.destroyForcibly();
            cluster.kill();
        });
        try {
            // Those of a postmaster that had died before.
            cluster.kill();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while PostgreSQL ends", e);
        }
    }

    private interface Stop {
        void run() throws IOException, InterruptedException;
    }

    private void close(Stop how) throws IOException {
        if (stopping.getCount() == 0) {
            return;
        }
        stopping.countDown();
        try {
            stopPostmaster(how);
            watcher.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while PostgreSQL stops", e);
        } finally {
            lock.close();
        }
    }

    private void stopPostmaster(Stop how) throws IOException, InterruptedException {
        Process current = postmaster;
        if (!current.isAlive()) {
            return;
        }
        try {
            how.run();
        } catch (IOException e) {
            if (current.isAlive()) {
                throw e;
            }
        }
        current.waitFor();
    }
}
