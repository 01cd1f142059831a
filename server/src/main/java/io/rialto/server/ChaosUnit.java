package io.rialto.server;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A unit of a fault test whose database has standbys: its servers run in the keeper's name, in control's process, and are
 * seen from here by their addresses.
 */
final class ChaosUnit implements AutoCloseable {
    private static final Duration START = Duration.ofMinutes(3);
    private static final Duration END = Duration.ofSeconds(10);
    private static final Duration WAIT = Duration.ofSeconds(10);
    private static final int POLL_MILLIS = 50;
    private static final int POOL = 8;
    private static final String SUPERUSER = "rialto";

    private final DataDirectory data;
    private final Map<String, PostgresPlace> places = new LinkedHashMap<>();
    private final Map<String, Integer> ports = new LinkedHashMap<>();
    private @Nullable Database database;

    /**
     * A unit that is not started yet.
     *
     * @param servers the first names the unit; each is on the machine of its name
     * @param firstPort of the first server, the others follow it
     */
    ChaosUnit(DataDirectory data, ChaosMachines machines, List<String> servers, int firstPort) {
        this.data = data;
        for (String server : servers) {
            places.put(server, machines.place(server));
            ports.put(server, firstPort + ports.size());
            // Where a server of a group looks for the port that others know.
            DataDirectory.write(
                    data.folder("databases", server).resolve("port"), Integer.toString(firstPort + ports.size() - 1));
        }
    }

    /** Where its servers run, by name. */
    Map<String, PostgresPlace> places() {
        return places;
    }

    /** Waits until the keeper has brought it up. */
    void awaitReady() throws IOException, InterruptedException {
        long end = System.nanoTime() + START.toNanos();
        while (!Files.exists(ChaosControl.ready(data))) {
            if (System.nanoTime() > end) {
                throw new CommandFailure(
                        "the unit of " + places.keySet() + " does not start; the output of its keeper is in "
                                + data.path("logs", ChaosCells.CONTROL + ".log"));
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        List<String> addresses = new ArrayList<>();
        for (Map.Entry<String, Integer> one : ports.entrySet()) {
            Path file = data.path("databases", one.getKey(), "port");
            String port = DataDirectory.read(file);
            if (!port.equals(one.getValue().toString())) {
                throw new CommandFailure("port " + one.getValue() + " is in use, and " + one.getKey() + " has " + port
                        + " (start again)");
            }
            addresses.add(
                    places.getOrDefault(one.getKey(), PostgresPlace.LOOPBACK).host() + ":" + port);
        }
        String password = DataDirectory.read(
                        data.path("databases", places.keySet().iterator().next(), "password"))
                .strip();
        DatabaseAddress any = new DatabaseAddress("jdbc:postgresql://", SUPERUSER, password);
        database = Database.open(any.atPrimaryOf(addresses, LocalDatabases.NAME), "rialto-chaos-unit", POOL, WAIT);
    }

    /** Whichever server is the primary, as its administrator. */
    Database database() {
        if (database == null) {
            throw new IllegalStateException("the unit of " + places.keySet() + " is not ready");
        }
        return database;
    }

    /** Ends its servers, which outlive their keeper. */
    @Override
    public void close() throws IOException, InterruptedException {
        if (database != null) {
            database.close();
        }
        List<ProcessHandle> all = new ArrayList<>();
        for (String server : places.keySet()) {
            ChaosPostgres postgres = new ChaosPostgres(data.folder("databases", server));
            all.addAll(postgres.processes());
            // At once: in order, one would wait for the others.
            ChaosFaults.signal("QUIT", postgres.postmaster().stream().toList());
        }
        long end = System.nanoTime() + END.toNanos();
        while (all.stream().anyMatch(ProcessHandle::isAlive) && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
