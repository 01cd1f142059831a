package io.rialto.server;

import io.rialto.cells.failover.Lost;
import io.rialto.cells.failover.Standbys;
import io.rialto.cells.failover.UnitServers;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.postgres.DatabaseAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** After a take-over by a remote copy: finds out what is missing and whose it is, and lets users write again. */
@Command(
        name = "reconcile",
        description =
                "After a take-over by a remote copy: have the lost city's data read, show who is read-only and what"
                        + " of theirs is missing, and let them write again once that is put right.",
        mixinStandardHelpOptions = true)
final class CellsReconcileCommand implements Callable<Integer> {
    /** A tail is read whole, and its users are copied one batch after the other. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final Duration POLL = Duration.ofMillis(200);
    private static final int MOST_SHOWN = 1000;

    /** SQLSTATE. */
    private static final String DEADLOCK = "40P01";

    private static final int TRIES = 5;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final ControlOption control = new ControlOption();

    @Option(names = "--unit", required = true, description = "Id of the unit, as the routing table has it.")
    private String unit = "";

    @Option(names = "--user", paramLabel = "USER", description = "Show what is missing of this one; with --release.")
    private @Nullable String user;

    @Option(names = "--release", description = "Let the user of --user write again: what was missing is put right.")
    private boolean release;

    @Option(
            names = "--release-all",
            description = "Let all users write again, and look for no more of them; shards may move again.")
    private boolean releaseAll;

    @Option(
            names = "--give-up",
            description =
                    "The lost city's data will not come back: who is behind is what devices tell, and no more. Its"
                            + " server is made a copy anew.")
    private boolean giveUp;

    @Override
    public Integer call() throws InterruptedException {
        if ((release && user == null) || (release && releaseAll) || (giveUp && (release || releaseAll))) {
            throw new CommandFailure("reconcile: --release " + release + ", --user " + user + ", --release-all "
                    + releaseAll + ", --give-up " + giveUp + " (expected: one of them, --release with --user)");
        }
        PrintWriter out = spec.commandLine().getOut();
        AdminClient client = control.client();
        UnitServers servers = CellsFailoverCommand.find(client.section(Standbys.SECTION), unit);
        if (servers.takeover().isPresent() || servers.lost().isEmpty()) {
            throw new CommandFailure("unit " + unit + ": "
                    + (servers.lost().isEmpty() ? "nothing took over from it" : "a take-over is in progress")
                    + " (expected: an ended take-over by a remote copy)");
        }
        try {
            if (!release && !releaseAll) {
                servers = read(out, client, servers);
            }
            DatabaseAddress primary = UnitAddresses.required(control.data(), servers.primary());
            try (Connection connection = primary.connect("rialto-reconcile")) {
                run(out, connection, servers.lost().orElseThrow());
            }
            return 0;
        } catch (SQLException e) {
            throw new CommandFailure("unit " + unit + ": " + servers.primary() + ": " + e.getMessage());
        } catch (IOException e) {
            throw new CommandFailure("unit " + unit + ": what was read of the lost city: " + e.getMessage());
        }
    }

    private void run(PrintWriter out, Connection connection, Lost lost) throws SQLException, IOException {
        if (releaseAll) {
            UpCommand.say(out, "users who may write again: " + released(connection, "SELECT rialto.release_all()", ""));
        } else if (user != null) {
            shown(out, lost, user);
            if (release) {
                release(out, connection, user);
            }
        } else {
            list(out, connection, lost);
        }
    }

    /** Has the keeper read the lost city's data, where nobody has. */
    private UnitServers read(PrintWriter out, AdminClient client, UnitServers servers) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        Lost.State asked = giveUp ? Lost.State.GIVEN_UP : Lost.State.WANTED;
        Lost lost = servers.lost().orElseThrow();
        UnitServers now = servers;
        if (lost.state() == Lost.State.UNREAD || (giveUp && lost.state() == Lost.State.WANTED)) {
            AdminClient.Section section = client.section(Standbys.SECTION);
            now = CellsFailoverCommand.find(section, unit);
            now = now.withLost(now.lost().orElseThrow().as(asked, giveUp ? "given up" : ""));
            client.put(Standbys.SECTION, Standbys.with(section.value(), now), section.version());
        }
        while (now.lost().orElseThrow().state() == Lost.State.WANTED) {
            if (System.nanoTime() > deadline) {
                throw new CommandFailure("unit " + unit + ": the data of " + lost.servers() + " is not read after "
                        + PATIENCE.toMinutes() + " minutes (expected: rialto to run and its log to say why)");
            }
            TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
            now = CellsFailoverCommand.find(client.section(Standbys.SECTION), unit);
        }
        Lost known = now.lost().orElseThrow();
        if (known.state() == Lost.State.UNREAD) {
            throw new CommandFailure("unit " + unit + ": " + known.note()
                    + " (bring the data back and try again, or give it up by --give-up)");
        }
        UpCommand.say(out, "unit " + unit + ": " + known.note());
        known.files().forEach(file -> UpCommand.say(out, "  " + file));
        return now;
    }

    private void list(PrintWriter out, Connection connection, Lost lost) throws SQLException, IOException {
        Map<String, Integer> rows = new HashMap<>();
        for (String file : lost.files()) {
            each(file, row -> rows.merge(row.path("user").asString(""), 1, Integer::sum));
        }
        int shown = 0;
        try (Statement statement = connection.createStatement();
                ResultSet behind =
                        statement.executeQuery("SELECT uid, marker, seen, count(*) OVER () FROM rialto.behind"
                                + " ORDER BY uid LIMIT " + MOST_SHOWN)) {
            while (behind.next()) {
                if (shown++ == 0) {
                    UpCommand.say(out, "users who are read-only: " + behind.getLong(4));
                }
                UpCommand.say(
                        out,
                        "  user " + behind.getString(1) + ": " + rows.getOrDefault(behind.getString(1), 0)
                                + " rows missing; " + behind.getString(2) + ", since " + behind.getString(3));
            }
        }
        if (shown == 0) {
            UpCommand.say(out, "no user is read-only" + (lost.state() == Lost.State.GIVEN_UP ? " so far" : ""));
        } else if (shown == MOST_SHOWN) {
            UpCommand.say(out, "  and more; all of them are in table rialto.behind");
        }
        int nobodys = rows.getOrDefault("", 0);
        if (nobodys > 0) {
            UpCommand.say(out, "rows missing of tables that do not say whose they are: " + nobodys);
        }
    }

    private static void shown(PrintWriter out, Lost lost, String whose) throws IOException {
        int[] shown = {0};
        for (String file : lost.files()) {
            each(file, row -> {
                if (row.path("user").asString("").equals(whose) && shown[0]++ < MOST_SHOWN) {
                    UpCommand.say(out, Json.write(row));
                }
            });
        }
        UpCommand.say(out, "user " + whose + ": " + shown[0] + " rows missing");
    }

    private static void release(PrintWriter out, Connection connection, String whose) throws SQLException {
        boolean was = released(connection, "SELECT rialto.release(?)", whose).equals("t");
        UpCommand.say(
                out,
                "user " + whose + ": " + (was ? "may write again" : "was not read-only, and will not be for this"));
    }

    /** With the last user, triggers of many tables go at once. A writer may be half-way through them: PostgreSQL then ends one of the two. */
    private static String released(Connection connection, String sql, String whose) throws SQLException {
        for (int tries = 1; ; tries++) {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                if (!whose.isEmpty()) {
                    statement.setString(1, whose);
                }
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return String.valueOf(row.getString(1));
                }
            } catch (SQLException e) {
                if (!DEADLOCK.equals(e.getSQLState()) || tries == TRIES) {
                    throw e;
                }
            }
        }
    }

    private interface Rows {
        void row(JsonNode row);
    }

    private static void each(String file, Rows rows) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(Path.of(file))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                try {
                    rows.row(Json.read(line));
                } catch (JsonException e) {
                    throw new IOException(file + ": " + e.getMessage(), e);
                }
            }
        }
    }
}
