package io.rialto.server;

import io.rialto.node.Settings;
import io.rialto.node.SettingsException;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.DatabaseSettings;
import io.rialto.node.postgres.PostgresGroup;
import io.rialto.node.postgres.PostgresPlace;
import io.rialto.node.postgres.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One database for control and one for each cell: servers of our own in the data directory, or external ones. */
final class LocalDatabases implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalDatabases.class);

    /**
     * What databases of cells have beside their primary.
     *
     * @param standbys how many each gets; those that it has already it keeps
     * @param remote the cells that get a copy for another city; those that have one already keep it
     */
    record Replicas(int standbys, Set<String> remote) {
        Replicas {
            remote = Set.copyOf(remote);
        }
    }

    /** Name of the database in each embedded server. */
    static final String NAME = "rialto";

    /** Units serve on while control is away, so its database has no standbys. */
    private static final String CONTROL = "control";

    private final ConcurrentLinkedQueue<PostgresServer> servers = new ConcurrentLinkedQueue<>();
    private final Map<String, PostgresGroup> groups = new ConcurrentHashMap<>();
    private final Map<String, Database> byName = new LinkedHashMap<>();

    private LocalDatabases() {}

    /**
     * Starts what is embedded, all at once, and opens all.
     *
     * @param settings by name: {@code control}, and each cell's id
     */
    static LocalDatabases start(DataDirectory data, Map<String, DatabaseSettings> settings, SecureRandom random)
            throws InterruptedException {
        return start(data, settings, new Replicas(0, Set.of()), random);
    }

    /**
     * Starts what is embedded, all at once and each in its place, without standbys, and opens all.
     *
     * @param places where each runs, by its name
     */
    static LocalDatabases start(
            DataDirectory data,
            Map<String, DatabaseSettings> settings,
            Function<String, PostgresPlace> places,
            SecureRandom random)
            throws InterruptedException {
        return start(data, settings, new Replicas(0, Set.of()), places, random);
    }

    /**
     * Starts what is embedded, all at once, and opens all.
     *
     * @param replicas of the cells' databases
     */
    static LocalDatabases start(
            DataDirectory data, Map<String, DatabaseSettings> settings, Replicas replicas, SecureRandom random)
            throws InterruptedException {
        return start(data, settings, replicas, name -> PostgresPlace.LOOPBACK, random);
    }

    private static LocalDatabases start(
            DataDirectory data,
            Map<String, DatabaseSettings> settings,
            Replicas replicas,
            Function<String, PostgresPlace> places,
            SecureRandom random)
            throws InterruptedException {
        LocalDatabases databases = new LocalDatabases();
        Map<String, Future<DatabaseAddress>> starting = new LinkedHashMap<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            settings.forEach((name, one) -> starting.put(
                    name,
                    threads.submit(() -> databases.address(data, name, one, replicas, places.apply(name), random))));
        }
        List<String> problems = new ArrayList<>();
        for (Map.Entry<String, Future<DatabaseAddress>> one : starting.entrySet()) {
            String name = one.getKey();
            try {
                DatabaseSettings pool = settings.getOrDefault(name, standard());
                databases.byName.put(
                        name, Database.open(one.getValue().get(), "rialto-" + name, pool.poolSize(), pool.poolWait()));
            } catch (ExecutionException e) {
                problems.add("database of " + name + ": " + e.getCause());
            }
        }
        if (!problems.isEmpty()) {
            databases.close();
            throw new CommandFailure(String.join("\n", problems));
        }
        return databases;
    }

    private DatabaseAddress address(
            DataDirectory data,
            String name,
            DatabaseSettings settings,
            Replicas replicas,
            PostgresPlace place,
            SecureRandom random)
            throws IOException, SQLException, InterruptedException {
        Optional<DatabaseAddress> external = settings.external();
        if (external.isPresent()) {
            return external.get();
        }
        Path binaries = data.folder("postgres");
        PostgresGroup.Plan plan = plan(data, name, replicas);
        if (plan.standbys() > 0 || plan.remote()) {
            PostgresGroup group = PostgresGroup.start(
                    binaries, data.folder("databases", name), plan, NAME, PostgresServer.Options.of(settings), random);
            groups.put(name, group);
            return group.address();
        }
        PostgresServer server = PostgresServer.start(
                binaries,
                data.folder("databases", name),
                PostgresServer.Options.of(settings).in(place),
                random);
        servers.add(server);
        return server.database(NAME);
    }

    /** By what there is, since a start without the options must not take a stale server for the only one. */
    private static PostgresGroup.Plan plan(DataDirectory data, String name, Replicas replicas) throws IOException {
        if (name.equals(CONTROL)) {
            return new PostgresGroup.Plan(0, 0, false);
        }
        Optional<PostgresGroup.Plan> before = PostgresGroup.planned(data.path("databases", name));
        if (before.isPresent()) {
            if (replicas.standbys() > before.get().standbys()) {
                throw new IOException("--standbys: " + replicas.standbys() + " (expected: "
                        + before.get().standbys() + ", as " + name + " has had since it got a remote copy)");
            }
            return before.get();
        }
        int standbys = replicas.standbys();
        while (Files.exists(data.path("databases", name + "-" + (standbys + 2), "data"))) {
            standbys++;
        }
        return new PostgresGroup.Plan(
                standbys, (standbys + 1) / 2, replicas.remote().contains(name));
    }

    /** The servers of a database that has standbys or a remote copy. */
    Optional<PostgresGroup> group(String name) {
        return Optional.ofNullable(groups.get(name));
    }

    /** Those of all databases that have standbys or a remote copy. */
    Collection<PostgresGroup> groups() {
        return groups.values();
    }

    static DatabaseSettings standard() {
        try {
            return Settings.empty().bind(DatabaseSettings.class);
        } catch (SettingsException e) {
            throw new IllegalStateException("defaults of database settings", e);
        }
    }

    Database of(String name) {
        Database database = byName.get(name);
        if (database == null) {
            throw new IllegalArgumentException("database: " + name + " (expected: one of " + byName.keySet() + ")");
        }
        return database;
    }

    /** Closes pools, then stops the servers, all at once. */
    @Override
    public void close() {
        byName.values().forEach(Database::close);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            servers.forEach(server -> threads.execute(() -> stop(server)));
            groups.values().forEach(group -> threads.execute(group::close));
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
