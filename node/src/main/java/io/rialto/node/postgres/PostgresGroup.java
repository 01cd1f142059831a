package io.rialto.node.postgres;

import io.rialto.node.DurableFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Embedded servers that hold the same database: one takes writes, the others its log. Each has a folder, beside that of
 * the first, and keeps its port over restarts. The group starts each in the role that its directory has and decides
 * nothing: who is to be the primary is for the caller, who must read the databases.
 *
 * <p>{@link #copy}, {@link #restartAsStandby} and {@link #close} are for one thread at a time; the rest is for any.
 */
public final class PostgresGroup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresGroup.class);
    /** Folders with what a former primary had that nobody else had; each is as large as the database. */
    private static final int KEPT_ASIDE = 2;

    private static final int PORT_TRIES = 5;
    private static final String ASIDE = "aside-";

    private final Path binaries;
    private final Map<String, Path> folders;
    private final String database;
    private final int quorum;
    private final PostgresServer.Options options;
    private final SecureRandom random;
    private final Map<String, Integer> ports = new ConcurrentHashMap<>();
    private final Map<String, PostgresServer> running = new ConcurrentHashMap<>();

    private PostgresGroup(
            Path binaries,
            Map<String, Path> folders,
            String database,
            int quorum,
            PostgresServer.Options options,
            SecureRandom random) {
        this.binaries = binaries;
        this.folders = folders;
        this.database = database;
        this.quorum = quorum;
        this.options = options;
        this.random = random;
    }

    /**
     * Starts those servers that have data; where none has, makes the first.
     *
     * @param first folder of the first server, which names the group; the others get a number behind that name
     * @param standbys how many servers beside the first
     * @param quorum how many of the others must have a write before it is acknowledged
     * @param database that all of it is about
     */
    public static PostgresGroup start(
            Path binaries,
            Path first,
            int standbys,
            int quorum,
            String database,
            PostgresServer.Options options,
            SecureRandom random)
            throws IOException, SQLException, InterruptedException {
        Path absolute = first.toAbsolutePath().normalize();
        Map<String, Path> folders = new LinkedHashMap<>();
        IntStream.rangeClosed(1, standbys + 1).forEach(number -> {
            String name = absolute.getFileName() + (number == 1 ? "" : "-" + number);
            folders.put(name, absolute.resolveSibling(name));
        });
        PostgresGroup group = new PostgresGroup(binaries, folders, database, quorum, options, random);
        try {
            group.startAll();
            return group;
        } catch (IOException | SQLException | InterruptedException | RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private void startAll() throws IOException, SQLException, InterruptedException {
        choosePorts();
        List<String> present = folders.keySet().stream()
                .filter(name -> Files.exists(folder(name).resolve("data")))
                .toList();
        if (present.isEmpty()) {
            String first = members().getFirst();
            launchAnywhere(first).database(database);
            return;
        }
        Map<String, Future<PostgresServer>> starting = new LinkedHashMap<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            present.forEach(name -> starting.put(name, threads.submit(() -> launchAnywhere(name))));
        }
        List<String> problems = new ArrayList<>();
        for (Map.Entry<String, Future<PostgresServer>> one : starting.entrySet()) {
            try {
                one.getValue().get();
            } catch (ExecutionException e) {
                problems.add(one.getKey() + ": " + e.getCause());
                LOG.error("PostgreSQL {} does not start", one.getKey(), e.getCause());
            }
        }
        if (running.isEmpty()) {
            throw new IOException("no server of the group starts: " + String.join("; ", problems));
        }
    }

    /** A server keeps its port, which the others know, unless somebody else has taken it. */
    private void choosePorts() throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (String name : members()) {
                Path file = Files.createDirectories(folder(name)).resolve("port");
                ServerSocket socket = hold(Files.exists(file) ? Files.readString(file) : "0");
                held.add(socket);
                keepPort(name, socket.getLocalPort());
            }
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }

    private static ServerSocket hold(String wanted) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        try {
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(wanted.strip())));
            return socket;
        } catch (IOException | NumberFormatException e) {
            socket.close();
            return new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        }
    }

    /** On another port where somebody has taken its own meanwhile: at the start nobody has been told of it yet. */
    private PostgresServer launchAnywhere(String name) throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return launch(name);
            } catch (IOException e) {
                if (attempt == PORT_TRIES || !String.valueOf(e.getMessage()).contains("could not bind")) {
                    throw e;
                }
                try (ServerSocket socket = hold("0")) {
                    keepPort(name, socket.getLocalPort());
                }
            }
        }
    }

    private void keepPort(String name, int port) throws IOException {
        ports.put(name, port);
        DurableFiles.replace(
                folder(name).resolve("port"), Integer.toString(port).getBytes(StandardCharsets.US_ASCII));
    }

    private PostgresServer launch(String name) throws IOException, InterruptedException {
        PostgresServer.Options own =
                options.in(new Replication(name, members(), quorum)).at(port(name));
        PostgresServer server = PostgresServer.start(binaries, folder(name), own, random);
        running.put(name, server);
        return server;
    }

    /** Names of all servers, also of those that do not run. */
    public List<String> members() {
        return List.copyOf(folders.keySet());
    }

    /** How many of the others must have a write before it is acknowledged. */
    public int quorum() {
        return quorum;
    }

    /** The server of this name, where it runs. */
    public Optional<PostgresServer> server(String name) {
        return Optional.ofNullable(running.get(name));
    }

    /** The database as the superuser sees it at one server, where that runs. */
    public Optional<DatabaseAddress> address(String name) {
        return server(name).map(server -> server.address(database));
    }

    /**
     * The database at whichever server is the primary now. A list of hosts: the driver looks through it for one that
     * takes writes, and asks again each time, since that one may have changed.
     */
    public DatabaseAddress address() {
        PostgresServer any = running.values().iterator().next();
        String hosts = members().stream().map(name -> "127.0.0.1:" + port(name)).collect(Collectors.joining(","));
        return any.address(database)
                .at("jdbc:postgresql://" + hosts + "/" + database + "?targetServerType=primary&loadBalanceHosts=true"
                        + "&hostRecheckSeconds=0&sslResponseTimeout=1000");
    }

    /** What a server needs to take the log of another. */
    public String connectionTo(String name, String source) throws IOException {
        PostgresServer any = running.values().iterator().next();
        DatabaseAddress address = any.address(database);
        Path file = folder(name).resolve("replication.pass");
        String line = "*:*:*:" + address.user() + ":" + address.password() + "\n";
        DurableFiles.replace(file, line.getBytes(StandardCharsets.UTF_8));
        own(name, file);
        return "host=127.0.0.1 port=" + port(source) + " user=" + address.user() + " passfile='"
                + file.toString().replace("\\", "\\\\").replace("'", "\\'") + "' connect_timeout=2";
    }

    /** Stops a server, if it runs, and starts it as one that takes the log of another. */
    public void restartAsStandby(String name, Map<String, String> settings) throws IOException, InterruptedException {
        stop(name);
        Path data = folder(name).resolve("data");
        DirectoryCopy.makeStandby(data, settings);
        own(name, data);
        launch(name);
    }

    /**
     * Gives a server a fresh copy of another's data, and starts it as one that takes the log of another. What it had is
     * kept aside.
     */
    public void copy(String name, String source, Map<String, String> settings)
            throws IOException, SQLException, InterruptedException {
        PostgresServer from = server(source).orElseThrow(() -> new IOException(source + ": does not run"));
        stop(name);
        Path folder = folder(name);
        Path fresh = folder.resolve("copy");
        delete(name, fresh);
        DirectoryCopy.take(
                from.address(PostgresServer.MAINTENANCE_DATABASE),
                folder(source).resolve("data"),
                fresh,
                settings);
        own(name, fresh);
        DurableFiles.replace(
                folder.resolve("password"), Files.readAllBytes(folder(source).resolve("password")));
        Path data = folder.resolve("data");
        if (Files.exists(data)) {
            Files.move(data, folder.resolve(ASIDE + System.currentTimeMillis()));
            dropOldest(name);
        }
        Files.move(fresh, data);
        launch(name);
    }

    private void dropOldest(String name) throws IOException, InterruptedException {
        List<Path> aside;
        try (Stream<Path> all = Files.list(folder(name))) {
            aside = all.filter(path -> path.getFileName().toString().startsWith(ASIDE))
                    .sorted()
                    .toList();
        }
        for (Path old : aside.subList(0, Math.max(0, aside.size() - KEPT_ASIDE))) {
            LOG.warn("{}: removed, since {} newer ones are kept", old, KEPT_ASIDE);
            delete(name, old);
        }
    }

    private void stop(String name) throws IOException {
        PostgresServer server = running.remove(name);
        if (server != null) {
            // At once: in order it would wait for standbys that follow another one now.
            server.closeAtOnce();
        }
    }

    private void delete(String name, Path tree) throws IOException, InterruptedException {
        cluster(name).remove(tree);
    }

    private void own(String name, Path tree) throws IOException {
        try {
            cluster(name).unprivileged().own(tree);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private PostgresCluster cluster(String name) throws IOException, InterruptedException {
        Path home = PostgresBinaries.unpack(binaries.toAbsolutePath().normalize());
        Path folder = folder(name);
        Path data = folder.resolve("data");
        return new PostgresCluster(home, folder, Unprivileged.choose(Files.exists(data) ? data : folder));
    }

    /** The folder of a server. */
    public Path folder(String name) {
        Path folder = folders.get(name);
        if (folder == null) {
            throw new IllegalArgumentException("server: " + name + " (expected: one of " + folders.keySet() + ")");
        }
        return folder;
    }

    private int port(String name) {
        Integer port = ports.get(name);
        if (port == null) {
            throw new IllegalArgumentException("server: " + name + " (expected: one of " + ports.keySet() + ")");
        }
        return port;
    }

    /** Stops all servers, in order. */
    @Override
    public void close() {
        List<PostgresServer> stopping = new ArrayList<>(running.values());
        running.clear();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            stopping.forEach(server -> threads.execute(() -> stop(server)));
        }
    }

    private static void stop(PostgresServer server) {
        try {
            server.close();
        } catch (IOException e) {
            LOG.warn("PostgreSQL on port {} did not stop in order; its next start recovers", server.port(), e);
        }
    }
}
