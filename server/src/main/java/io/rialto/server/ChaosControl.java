package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.Logging;
import io.rialto.node.Settings;
import io.rialto.node.SettingsException;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseSettings;
import io.rialto.node.postgres.PostgresGroup;
import io.rialto.node.postgres.PostgresPlace;
import io.rialto.node.postgres.PostgresServer;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Control of a fault test, in a process of its own, and in that the keeper of a unit with standbys, whose servers outlive
 * it: a program that is killed again and again.
 */
final class ChaosControl {
    private static final Logger LOG = LoggerFactory.getLogger(ChaosControl.class);

    /** Any one of them makes the quorum. */
    private static final int QUORUM = 1;

    private static final int PAUSE_MILLIS = 500;

    private static final String UNIT = "unit";
    private static final String SETTINGS = "settings";
    private static final String SERVERS = "servers";

    private ChaosControl() {}

    /** Writes what it is to do. */
    static void write(DataDirectory data, Map<String, String> settings, Map<String, PostgresPlace> servers) {
        ObjectNode plan = Json.mapper().createObjectNode();
        settings.forEach(plan.putObject(SETTINGS)::put);
        ObjectNode all = plan.putObject(SERVERS);
        servers.forEach((name, place) -> {
            ObjectNode one = all.putObject(name).put("host", place.host());
            place.prefix().forEach(one.putArray("prefix")::add);
            place.clients().ifPresent(clients -> one.put("clients", clients));
        });
        plan.put(UNIT, servers.isEmpty() ? "" : servers.keySet().iterator().next());
        DataDirectory.write(plan(data), Json.write(plan));
    }

    private static Path plan(DataDirectory data) {
        return data.path("control.json");
    }

    /** There as soon as the unit serves. */
    static Path ready(DataDirectory data) {
        return data.path("control-process", "ready");
    }

    /** Runs until it is killed; its argument is the directory that {@link #write} was told. */
    public static void main(String[] arguments)
            throws IOException, JsonException, SettingsException, SQLException, InterruptedException {
        DataDirectory data = new DataDirectory(Path.of(arguments[0]));
        JsonNode plan = Json.read(DataDirectory.read(plan(data)));
        Map<String, String> settings = new LinkedHashMap<>();
        plan.path(SETTINGS)
                .properties()
                .forEach(one -> settings.put(one.getKey(), one.getValue().asString()));
        NodeCommand.ControlProcess process =
                Settings.empty().withArguments(settings).bind(NodeCommand.ControlProcess.class);
        Logging.start(process.log());
        SecureRandom random = new SecureRandom();
        Database database = Database.open(
                process.database().external().orElseThrow(),
                "rialto-control",
                process.database().poolSize(),
                process.database().poolWait());
        ControlNode control = ControlNode.start(process.control(), database, random);
        String unit = plan.path(UNIT).asString();
        if (!unit.isEmpty()) {
            keep(data, unit, places(plan.path(SERVERS)), control, random);
        }
        new CountDownLatch(1).await();
    }

    private static Map<String, PostgresPlace> places(JsonNode servers) {
        Map<String, PostgresPlace> places = new LinkedHashMap<>();
        servers.properties()
                .forEach(one -> places.put(
                        one.getKey(),
                        new PostgresPlace(
                                one.getValue().path("host").asString(),
                                one.getValue()
                                        .path("prefix")
                                        .valueStream()
                                        .map(JsonNode::asString)
                                        .toList(),
                                Optional.ofNullable(one.getValue().get("clients"))
                                        .map(JsonNode::asString))));
        return places;
    }

    private static void keep(
            DataDirectory data,
            String unit,
            Map<String, PostgresPlace> places,
            ControlNode control,
            SecureRandom random)
            throws IOException, SQLException, InterruptedException {
        DataDirectory.delete(ready(data));
        PostgresGroup group = PostgresGroup.start(
                data.folder("postgres"),
                data.folder("databases", unit),
                new PostgresGroup.Plan(places.size() - 1, QUORUM, false),
                LocalDatabases.NAME,
                PostgresServer.Options.of(LocalDatabases.standard()),
                places,
                random);
        DatabaseSettings pool = LocalDatabases.standard();
        LocalUnits units = new LocalUnits();
        try (Database database = Database.open(group.address(), "rialto-" + unit, pool.poolSize(), pool.poolWait())) {
            while (!serves(units, unit, group, database, control)) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        }
        DataDirectory.write(ready(data), unit);
    }

    private static boolean serves(
            LocalUnits units, String unit, PostgresGroup group, Database database, ControlNode control)
            throws InterruptedException {
        try {
            units.keep(unit, group, database, control.store());
            return true;
        } catch (IOException | SQLException e) {
            // A fault may be going on.
            LOG.warn("the unit of {} does not serve yet: {}", unit, e.getMessage());
            return false;
        }
    }
}
