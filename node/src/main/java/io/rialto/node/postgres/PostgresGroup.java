package io.rialto.node.postgres;

import io.rialto.node.DurableFiles;
import java.io.IOException;
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
    /**
     * What a group is to have, where its folders do not say more.
     *
     * @param standbys servers beside the primary, in the city where that is
     * @param quorum how many of them must have a write before it is acknowledged
     * @param remote whether there is a copy in another city, which nobody waits for
     */
    public record Plan(int standbys, int quorum, boolean remote) {}

    private final Path binaries;
    /** Of both cities, the first one's before the other's, by name. */
    private final Map<String, Path> folders;

    private final List<List<String>> cities;
    private final Path layoutFile;
    private final String database;
    private final Plan plan;
    private final PostgresServer.Options options;
    private final SecureRandom random;
    private final GroupPorts ports;
    private final Map<String, PostgresServer> running = new ConcurrentHashMap<>();

    private volatile GroupLayout layout;

    private PostgresGroup(
            Path binaries,
            Path first,
            Plan plan,
            String database,
            PostgresServer.Options options,
            Map<String, PostgresPlace> places,
            SecureRandom random)
            throws IOException {
        Path absolute = first.toAbsolutePath().normalize();
        String name = String.valueOf(absolute.getFileName());
        this.cities = plan.remote()
                ? List.of(city(name, plan.standbys()), city(remoteName(name), plan.standbys()))
                : List.of(city(name, plan.standbys()));
        Map<String, Path> all = new LinkedHashMap<>();
        cities.forEach(city -> city.forEach(server -> all.put(server, absolute.resolveSibling(server))));
        this.folders = all;
        this.ports = new GroupPorts(all, places);
        this.binaries = binaries;
        this.database = database;
        this.plan = plan;
        this.options = options;
        this.random = random;
        this.layoutFile = GroupLayout.file(absolute);
        this.layout = GroupLayout.read(layoutFile)
                .orElseGet(() -> new GroupLayout(
                        plan,
                        cities.getFirst(),
                        List.of(),
                        cities.stream().skip(1).map(List::getFirst).findFirst()));
    }

    private static List<String> city(String first, int standbys) {
        return IntStream.rangeClosed(1, standbys + 1)
                .mapToObj(number -> first + (number == 1 ? "" : "-" + number))
                .toList();
    }

    /** Name of the first server in the other city. */
    public static String remoteName(String first) {
        return first + "-remote";
    }

    /** What a group with a remote copy was planned as; empty where there is none, and where it has no remote copy. */
    public static Optional<Plan> planned(Path first) throws IOException {
        return GroupLayout.read(GroupLayout.file(first.toAbsolutePath().normalize()))
                .map(GroupLayout::plan);
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
        return start(binaries, first, new Plan(standbys, quorum, false), database, options, random);
    }

    /**
     * Starts those servers that have data and a place in the group; where none has, makes the first.
     *
     * @param first folder of the first server, which names the group; the others get something behind that name
     * @param database that all of it is about
     */
    public static PostgresGroup start(
            Path binaries, Path first, Plan plan, String database, PostgresServer.Options options, SecureRandom random)
            throws IOException, SQLException, InterruptedException {
        return start(binaries, first, plan, database, options, Map.of(), random);
    }

    /**
     * The same with servers elsewhere.
     *
     * @param places by the server's name; one that is not among them runs on the loopback address
     */
    public static PostgresGroup start(
            Path binaries,
            Path first,
            Plan plan,
            String database,
            PostgresServer.Options options,
            Map<String, PostgresPlace> places,
            SecureRandom random)
            throws IOException, SQLException, InterruptedException {
        PostgresGroup group = new PostgresGroup(binaries, first, plan, database, options, places, random);
        try {
            group.startAll();
            return group;
        } catch (IOException | SQLException | InterruptedException | RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private void startAll() throws IOException, SQLException, InterruptedException {
        // Before ports are chosen: what an earlier process left holds those that others may know by now.
        for (String name : folders.keySet()) {
            PostgresServer.endLeftOver(binaries, folder(name), layout.running().contains(name));
        }
        ports.choose();
        List<String> present = layout.running().stream().filter(this::hasData).toList();
        boolean known = Files.exists(layoutFile);
        if (present.isEmpty()) {
            if (known) {
                throw new IOException("none of " + layout.running()
                        + " has data (expected: that of one at least, since " + layoutFile + " knows of them)");
            }
            String first = members().getFirst();
            launchAnywhere(first).database(database);
        }
        if (plan.remote() && !known) {
            layout.write(layoutFile);
        }
        if (present.isEmpty()) {
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

    /** On another port where somebody has taken its own meanwhile: at the start nobody has been told of it yet. */
    private PostgresServer launchAnywhere(String name) throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return launch(name);
            } catch (IOException e) {
                if (attempt == PORT_TRIES || !String.valueOf(e.getMessage()).contains("could not bind")) {
                    throw e;
                }
                ports.change(name);
            }
        }
    }

    private PostgresServer launch(String name) throws IOException, InterruptedException {
        PostgresServer.Options own =
                options.in(replication(name)).in(ports.place(name)).at(ports.of(name));
        PostgresServer server = PostgresServer.start(binaries, folder(name), own, random);
        running.put(name, server);
        return server;
    }

    private Replication replication(String name) {
        if (layout.members().contains(name)) {
            return new Replication(name, layout.members(), quorum());
        }
        if (layout.joining().contains(name)) {
            List<String> later = Stream.concat(layout.members().stream(), layout.joining().stream())
                    .toList();
            return new Replication(name, later, plan.quorum());
        }
        return Replication.alone(name);
    }

    /** Names of the servers of which one is the primary, and the others must have its writes; also of those that do not run. */
    public List<String> members() {
        return layout.members();
    }

    /** How many of the other members must have a write before it is acknowledged; 0 where there is none. */
    public int quorum() {
        return layout.members().size() > 1 ? plan.quorum() : 0;
    }

    /** The copy in another city, which nobody waits for. */
    public Optional<String> remote() {
        return layout.remote();
    }

    /** Those that a primary without standbys lacks, in its own city. */
    public List<String> missing() {
        if (layout.members().size() > 1) {
            return List.of();
        }
        String alone = layout.members().getFirst();
        return cities.stream()
                .filter(city -> city.contains(alone))
                .flatMap(List::stream)
                .filter(name -> !name.equals(alone))
                .toList();
    }

    /** Whether there is a data directory of this server. */
    public boolean hasData(String name) {
        return Files.isDirectory(folder(name).resolve("data"));
    }

    /** From now on, and after each start, this server is the only one of the group. The others are for {@link #kill}. */
    public void alone(String name) throws IOException {
        arrange(new GroupLayout(plan, List.of(name), List.of(), Optional.empty()));
    }

    /** Servers that {@link #copy} makes from now on are to be members, and know each other as that. */
    public void joining(List<String> names) throws IOException {
        arrange(new GroupLayout(plan, layout.members(), names, layout.remote()));
    }

    /** Those that were joining are members; a primary that is started from now on waits for them. */
    public void joined() throws IOException {
        List<String> all = Stream.concat(layout.members().stream(), layout.joining().stream())
                .toList();
        arrange(new GroupLayout(plan, all, List.of(), layout.remote()));
    }

    /** The server that is the copy in another city. */
    public void remote(String name) throws IOException {
        arrange(new GroupLayout(plan, layout.members(), layout.joining(), Optional.of(name)));
    }

    private void arrange(GroupLayout next) throws IOException {
        if (!next.equals(layout)) {
            next.write(layoutFile);
            layout = next;
        }
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
     * takes writes, and asks again each time, since that one may have changed. Those of the other city are among them.
     */
    public DatabaseAddress address() {
        PostgresServer any = running.values().iterator().next();
        return any.address(database)
                .atPrimaryOf(folders.keySet().stream().map(ports::address).toList(), database);
    }

    /** The database as the superuser sees it at each server that there is or may be, running or not. */
    public Map<String, DatabaseAddress> addresses() {
        DatabaseAddress any = running.values().iterator().next().address(database);
        Map<String, DatabaseAddress> all = new LinkedHashMap<>();
        folders.keySet()
                .forEach(name -> all.put(name, any.at("jdbc:postgresql://" + ports.address(name) + "/" + database)));
        return all;
    }

    /** What a server needs to take the log of another. */
    public String connectionTo(String name, String source) throws IOException {
        PostgresServer any = running.values().iterator().next();
        DatabaseAddress address = any.address(database);
        Path file = folder(name).resolve("replication.pass");
        String line = "*:*:*:" + address.user() + ":" + address.password() + "\n";
        DurableFiles.replace(file, line.getBytes(StandardCharsets.UTF_8));
        own(name, file);
        return "host=" + ports.place(source).host() + " port=" + ports.of(source) + " user=" + address.user()
                + " passfile='" + file.toString().replace("\\", "\\\\").replace("'", "\\'") + "' connect_timeout=2";
    }

    /** Stops a server in order, so that those who follow it get all that it has; does nothing where it does not run. */
    public void stopInOrder(String name) throws IOException {
        PostgresServer server = running.get(name);
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                LOG.warn("PostgreSQL {} does not stop in order, and is ended", name, e);
                server.kill();
            }
            running.remove(name);
        }
    }

    /** Ends a server in whatever state it is; its data stays as it is. Does nothing where it does not run. */
    public void kill(String name) throws IOException {
        PostgresServer server = running.get(name);
        if (server != null) {
            server.kill();
            running.remove(name);
        }
    }

    /** Stops a server in order, and starts it with the settings that its place in the group has now. */
    public void restart(String name) throws IOException, InterruptedException {
        stopInOrder(name);
        for (int attempt = 1; ; attempt++) {
            try {
                launch(name);
                return;
            } catch (IOException e) {
                if (attempt == PORT_TRIES) {
                    throw e;
                }
                LOG.warn("PostgreSQL {} does not start again; it is tried once more", name, e);
            }
        }
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
        try {
            DirectoryCopy.take(
                    from.address(PostgresServer.MAINTENANCE_DATABASE),
                    folder(source).resolve("data"),
                    fresh,
                    settings);
        } catch (IOException | SQLException e) {
            if (hasData(name)) {
                // What it had is better than nothing, where the source is lost.
                restartAsStandby(name, settings);
            }
            throw e;
        }
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
