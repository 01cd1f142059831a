package io.rialto.node.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PostgresServerTest {
    private static final SecureRandom RANDOM = new SecureRandom();

    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    private static PostgresServer start(Path directory) throws IOException, InterruptedException {
        return PostgresServer.start(shared.resolve("binaries"), directory, PostgresServer.Options.standard(), RANDOM);
    }

    private static String query(DatabaseAddress address, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(address.url(), address.user(), address.password());
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet rows = statement.getResultSet()) {
                return rows.next() ? rows.getString(1) : "";
            }
        }
    }

    @Test
    void keeps_its_data_over_a_restart_and_is_durable() throws Exception {
        try (PostgresServer server = start(directory)) {
            DatabaseAddress address = server.database("rialto");
            assertThat(query(address, "SHOW fsync")).isEqualTo("on");
            assertThat(query(address, "SHOW data_checksums")).isEqualTo("on");
            assertThat(query(address, "SHOW server_version_num")).startsWith("18");
            query(address, "CREATE TABLE kept AS SELECT 42 AS n");
            assertThat(server.health()).isEqualTo(new PostgresServer.Health(true, 0, Optional.empty()));
            assertThatThrownBy(() -> start(directory)).hasMessageContaining("in use by another process");
        }
        assertThat(directory.resolve("data/postmaster.pid")).doesNotExist();
        try (PostgresServer server = start(directory)) {
            assertThat(query(server.database("rialto"), "SELECT n FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void asks_for_a_password_that_only_the_owner_can_read() throws Exception {
        try (PostgresServer server = start(directory)) {
            DatabaseAddress address = server.database("rialto");
            assertThat(address.toString()).doesNotContain(address.password());
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("password"))))
                    .isEqualTo("rw-------");
            DatabaseAddress wrong = address.as("rialto", "wrong");
            assertThatThrownBy(() -> query(wrong, "SELECT 1")).hasMessageContaining("password authentication failed");
        }
    }

    @Test
    void is_not_started_without_fsync_even_when_told_so() throws Exception {
        try (PostgresServer server = start(directory)) {
            DatabaseAddress address = server.database("rialto");
            query(address, "ALTER SYSTEM SET fsync = off");
            query(address, "ALTER ROLE rialto SET synchronous_commit = off");
        }
        assertThatThrownBy(() -> start(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("synchronous_commit: off (expected: on");
    }

    @Test
    void starts_a_postmaster_that_died_again_on_the_same_port() throws Exception {
        try (PostgresServer server = start(directory)) {
            DatabaseAddress address = server.database("rialto");
            query(address, "CREATE TABLE kept AS SELECT 42 AS n");
            ProcessHandle.of(server.postmasterPid()).orElseThrow().destroyForcibly();
            await(() -> server.health().restarts() > 0 && server.health().running());
            assertThat(query(address, "SELECT n FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void stops_the_postmaster_that_a_killed_process_left_behind() throws Exception {
        Process process = startElsewhere();
        long postmaster = postmasterPid();
        process.destroyForcibly().waitFor();
        assertThat(ProcessHandle.of(postmaster)).hasValueSatisfying(ProcessHandle::isAlive);
        try (PostgresServer server = start(directory)) {
            assertThat(server.postmasterPid()).isNotEqualTo(postmaster);
            assertThat(query(server.database("rialto"), "SELECT n FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void recovers_after_process_and_postmaster_were_killed() throws Exception {
        Process process = startElsewhere();
        long postmaster = postmasterPid();
        process.destroyForcibly();
        ProcessHandle.of(postmaster).orElseThrow().destroyForcibly();
        process.waitFor();
        try (PostgresServer server = start(directory)) {
            assertThat(query(server.database("rialto"), "SELECT n FROM kept")).isEqualTo("42");
        }
    }

    @Test
    void is_not_misled_by_a_pid_file_that_names_another_process() throws Exception {
        start(directory).close();
        Files.writeString(
                directory.resolve("data/postmaster.pid"),
                ProcessHandle.current().pid() + "\n/x\n1\n1\n\n\n\n");
        start(directory).close();
    }

    @Test
    void listens_on_the_address_of_its_place_only_and_admits_its_network_with_a_password() throws Exception {
        Path words = directory.resolve("words");
        PostgresPlace place = new PostgresPlace(
                "127.0.0.9",
                List.of("sh", "-c", "echo \"$@\" >> " + words + "; exec \"$@\"", "sh"),
                Optional.of("198.18.7.0/24"));
        PostgresServer.Options options = PostgresServer.Options.standard().in(place);
        try (PostgresServer server =
                PostgresServer.start(shared.resolve("binaries"), directory.resolve("server"), options, RANDOM)) {
            DatabaseAddress address = server.database("rialto");
            assertThat(address.url()).startsWith("jdbc:postgresql://127.0.0.9:");
            assertThatThrownBy(() -> query(address.at(address.url().replace("127.0.0.9", "127.0.0.1")), "SELECT 1"))
                    .hasMessageContaining("refused");
            assertThat(query(
                            address,
                            "SELECT string_agg(array_to_string(database, ',') || ' ' || auth_method, '; ' ORDER BY"
                                    + " rule_number) FROM pg_hba_file_rules WHERE address = '198.18.7.0'"))
                    .isEqualTo("all scram-sha-256; replication scram-sha-256");
            assertThat(words).content().contains("listen_addresses=127.0.0.9");
        }
    }

    @Test
    void servers_of_a_group_keep_their_ports_when_whoever_started_them_was_killed() throws Exception {
        Path first = directory.resolve("unit");
        Map<String, PostgresPlace> places = Map.of("unit", new PostgresPlace("127.0.0.9", List.of(), Optional.empty()));
        int before;
        try (PostgresGroup group = group(first, places)) {
            PostgresServer server = group.server("unit").orElseThrow();
            before = server.port();
            assertThat(group.address().url()).contains("127.0.0.9:" + before + ",127.0.0.1:");
            assertThat(group.connectionTo("unit-2", "unit")).contains("host=127.0.0.9 port=" + before);
        }
        Process left = new PostgresCluster(
                        PostgresBinaries.unpack(shared.resolve("binaries")),
                        first,
                        Unprivileged.choose(first.resolve("data")))
                .launch(before, PostgresServer.Options.standard());
        await(() -> Files.exists(first.resolve("data/postmaster.pid")));
        try (PostgresGroup group = group(first, Map.of())) {
            assertThat(group.server("unit").orElseThrow().port()).isEqualTo(before);
            assertThat(left.isAlive()).isFalse();
        } finally {
            left.destroyForcibly().waitFor();
        }
    }

    private static PostgresGroup group(Path first, Map<String, PostgresPlace> places) throws Exception {
        return PostgresGroup.start(
                shared.resolve("binaries"),
                first,
                new PostgresGroup.Plan(1, 1, false),
                "rialto",
                PostgresServer.Options.standard(),
                places,
                RANDOM);
    }

    @Test
    void says_so_when_its_port_is_taken() throws Exception {
        start(directory).close();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            PostgresServer.Options there = PostgresServer.Options.standard().at(taken.getLocalPort());
            assertThatThrownBy(() -> PostgresServer.start(shared.resolve("binaries"), directory, there, RANDOM))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("could not bind");
        }
    }

    @Test
    void makes_a_data_directory_anew_whose_making_was_interrupted() throws Exception {
        Files.createDirectories(directory.resolve("initdb/data/base"));
        try (PostgresServer server = start(directory)) {
            assertThat(server.health().running()).isTrue();
        }
        assertThat(directory.resolve("initdb")).doesNotExist();
    }

    @Test
    void several_servers_start_at_once() throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Path binaries = directory.resolve("own-binaries");
            List<Callable<PostgresServer>> starts = Stream.of("control", "east", "west")
                    .<Callable<PostgresServer>>map(name -> () -> PostgresServer.start(
                            binaries, directory.resolve(name), PostgresServer.Options.standard(), RANDOM))
                    .toList();
            for (Future<PostgresServer> started : executor.invokeAll(starts)) {
                try (PostgresServer server = started.get()) {
                    assertThat(query(server.database("rialto"), "SELECT 1")).isEqualTo("1");
                }
            }
        }
    }

    @Test
    void runs_as_another_user_where_a_user_namespace_is_not_to_be_had() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(
                (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "switching users takes root");
        // Temporary directories of JUnit are closed to other users.
        Path open = Files.createTempDirectory("rialto-");
        try {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path home = PostgresBinaries.unpack(open.resolve("binaries"));
            Path own = Files.createDirectories(open.resolve("server"));
            Unprivileged nobody = Unprivileged.switchedTo(65534);
            PostgresServer.start(
                            new PostgresCluster(home, own, nobody),
                            own,
                            PostgresServer.lock(own),
                            PostgresServer.Options.standard(),
                            RANDOM)
                    .close();
            assertThat(Files.getAttribute(own.resolve("data"), "unix:uid")).isEqualTo(65534);
            assertThat(Unprivileged.choose(own.resolve("data"))).isEqualTo(nobody);
            PostgresServer.start(open.resolve("binaries"), own, PostgresServer.Options.standard(), RANDOM)
                    .close();
        } finally {
            new ProcessBuilder("rm", "-rf", open.toString()).start().waitFor();
        }
    }

    @Test
    void is_started_by_a_process_that_is_not_roots() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeTrue(
                (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0,
                "all other tests show that where they do not run as root");
        Path open = Files.createTempDirectory("rialto-");
        try {
            // The user can read neither this one's libraries nor its builds.
            List<String> classPath = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
                Path copy = open.resolve("class-path-" + classPath.size())
                        .resolve(Path.of(entry).getFileName());
                copy(Path.of(entry), copy);
                classPath.add(copy.toString());
            }
            Path own = Files.createDirectory(open.resolve("own"));
            Files.setAttribute(own, "unix:uid", 65534);
            new ProcessBuilder("chmod", "-R", "go+rX", open.toString()).start().waitFor();
            Process process = startElsewhere(
                    List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
                    String.join(File.pathSeparator, classPath),
                    own.resolve("binaries"),
                    own.resolve("database"));
            try {
                long postmaster = postmasterPid(own.resolve("database"));
                assertThat(Files.getAttribute(Path.of("/proc/" + postmaster), "unix:uid"))
                        .isEqualTo(65534);
            } finally {
                process.destroy(); // its hook stops the server
                process.waitFor();
            }
        } finally {
            new ProcessBuilder("rm", "-rf", open.toString()).start().waitFor();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : all.toList()) {
                Path target = to.resolve(from.relativize(path).toString());
                Files.createDirectories(Files.isDirectory(path) ? target : target.getParent());
                if (!Files.isDirectory(path)) {
                    Files.copy(path, target);
                }
            }
        }
    }

    private Process startElsewhere() throws IOException {
        return startElsewhere(List.of(), System.getProperty("java.class.path"), shared.resolve("binaries"), directory);
    }

    private static Process startElsewhere(List<String> prefix, String classPath, Path binaries, Path directory)
            throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath,
                Elsewhere.class.getName(),
                binaries.toString(),
                directory.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (BufferedReader output = process.inputReader()) {
            StringBuilder seen = new StringBuilder();
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.equals("ready")) {
                    return process;
                }
                seen.append(line).append('\n');
            }
            throw new AssertionError("not ready: " + seen);
        }
    }

    private long postmasterPid() throws IOException {
        return postmasterPid(directory);
    }

    private static long postmasterPid(Path directory) throws IOException {
        return Long.parseLong(
                Files.readAllLines(directory.resolve("data/postmaster.pid")).getFirst());
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.call()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    /** The process that gets killed. */
    static final class Elsewhere {
        private Elsewhere() {}

        public static void main(String[] arguments) throws Exception {
            PostgresServer server = PostgresServer.start(
                    Path.of(arguments[0]), Path.of(arguments[1]), PostgresServer.Options.standard(), RANDOM);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(server)));
            query(server.database("rialto"), "CREATE TABLE kept AS SELECT 42 AS n");
            System.out.println("ready");
            System.out.flush();
            Thread.currentThread().join();
        }

        private static void close(PostgresServer server) {
            try {
                server.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
