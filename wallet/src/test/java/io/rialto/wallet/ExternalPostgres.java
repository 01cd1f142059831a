package io.rialto.wallet;

import io.rialto.node.postgres.DatabaseAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A PostgreSQL of the system's packages, in a temporary directory, with databases whose owner is no superuser. */
final class ExternalPostgres implements AutoCloseable {
    static final String OWNER = "platform";

    private static final Path PACKAGES = Path.of("/usr/lib/postgresql");
    private static final Duration START = Duration.ofSeconds(30);
    private static final int NOBODY = 65534;
    private static final String PASSWORD = "correct-horse";

    private final Path directory;
    private final Process postmaster;
    private final int port;

    private ExternalPostgres(Path directory, Process postmaster, int port) {
        this.directory = directory;
        this.postmaster = postmaster;
        this.port = port;
    }

    /** The programs of the newest version that is installed. */
    static Optional<Path> programs() throws IOException {
        if (!Files.isDirectory(PACKAGES)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(PACKAGES)) {
            return versions.filter(version -> Files.isExecutable(version.resolve("bin/initdb")))
                    .max(Comparator.comparingInt(version -> Integer.parseInt(String.valueOf(version.getFileName()))))
                    .map(version -> version.resolve("bin"));
        }
    }

    static ExternalPostgres start(Path programs) throws Exception {
        // Temporary directories of JUnit are closed to other users.
        Path directory = Files.createTempDirectory("rialto-external-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path own = Files.createDirectory(directory.resolve("own"));
        Path password = Files.writeString(directory.resolve("password"), PASSWORD);
        List<String> unprivileged = unprivileged(own);
        Path data = own.resolve("data");
        Process initdb = launch(
                directory,
                unprivileged,
                programs.resolve("initdb").toString(),
                "--pgdata=" + data,
                "--username=postgres",
                "--auth=scram-sha-256",
                "--pwfile=" + password,
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync");
        if (initdb.waitFor() != 0) {
            throw new IOException("initdb: " + Files.readString(directory.resolve("log")));
        }
        int port = freePort();
        Process postmaster = launch(
                directory,
                unprivileged,
                programs.resolve("postgres").toString(),
                "-D",
                data.toString(),
                "-p",
                Integer.toString(port),
                "-k",
                "",
                "-c",
                "listen_addresses=127.0.0.1");
        ExternalPostgres server = new ExternalPostgres(directory, postmaster, port);
        server.awaitReady();
        server.execute("CREATE ROLE " + OWNER + " LOGIN CREATEROLE PASSWORD '" + PASSWORD + "'");
        return server;
    }

    /** PostgreSQL does not run as root. */
    private static List<String> unprivileged(Path own) throws IOException {
        if ((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
            return List.of();
        }
        Files.setAttribute(own, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
        return List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
    }

    private static Process launch(Path directory, List<String> prefix, String... command) throws IOException {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(List.of(command));
        return new ProcessBuilder(all)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("log").toFile()))
                .start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private void awaitReady() throws IOException {
        long end = System.nanoTime() + START.toNanos();
        while (true) {
            try {
                execute("SELECT 1");
                return;
            } catch (SQLException e) {
                if (!postmaster.isAlive() || System.nanoTime() > end) {
                    throw new IOException("PostgreSQL: " + Files.readString(directory.resolve("log")), e);
                }
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        }
    }

    private void execute(String sql) throws SQLException {
        DatabaseAddress address = address("postgres", "postgres");
        try (Connection connection = DriverManager.getConnection(address.url(), address.user(), address.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private DatabaseAddress address(String database, String user) {
        return new DatabaseAddress("jdbc:postgresql://127.0.0.1:" + port + "/" + database, user, PASSWORD);
    }

    /** A new database of the owner. */
    DatabaseAddress create(String name) throws SQLException {
        execute("CREATE DATABASE " + name + " OWNER " + OWNER);
        return address(name, OWNER);
    }

    @Override
    public void close() throws IOException, InterruptedException {
        postmaster.destroy(); // SIGTERM waits for sessions to end
        if (!postmaster.waitFor(10, TimeUnit.SECONDS)) {
            postmaster.destroyForcibly().waitFor();
        }
        new ProcessBuilder("rm", "-rf", directory.toString()).start().waitFor();
    }
}
