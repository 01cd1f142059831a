package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.Settings;
import io.rialto.node.SettingsException;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.DatabaseSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The databases of cells as their administrators, for commands that change what is in them. */
final class CellDatabases {
    private static final int POOL = 4;
    private static final Duration WAIT = Duration.ofSeconds(10);

    @Option(
            names = "--database",
            paramLabel = "CELL=FILE",
            description = "Settings file of a cell's database: url, user, password-file; once for each cell that is"
                    + " not of the data directory.")
    @Nullable
    private Map<String, Path> files;

    /** The databases that were named, and those of the rialto that runs in a data directory. */
    Map<String, Database> open(DataDirectory data) {
        Map<String, DatabaseAddress> addresses = new LinkedHashMap<>();
        Path file = file(data);
        if (Files.exists(file)) {
            try {
                Json.read(DataDirectory.read(file)).properties().forEach(one -> {
                    JsonNode address = one.getValue();
                    addresses.put(
                            one.getKey(),
                            new DatabaseAddress(
                                    address.path("url").asString(),
                                    address.path("user").asString(),
                                    address.path("password").asString()));
                });
            } catch (JsonException e) {
                throw new CommandFailure(file + ": " + e.getMessage() + " (stop rialto and start it again)");
            }
        }
        if (files != null) {
            files.forEach((cell, settings) -> addresses.put(cell, external(settings)));
        }
        Map<String, Database> databases = new LinkedHashMap<>();
        addresses.forEach(
                (cell, address) -> databases.put(cell, Database.open(address, "rialto-cells-" + cell, POOL, WAIT)));
        return databases;
    }

    private static DatabaseAddress external(Path file) {
        try {
            return Settings.empty()
                    .withFile(file)
                    .bind(DatabaseSettings.class)
                    .external()
                    .orElseThrow(() -> new CommandFailure(file + ": no url (expected: that of a cell's database)"));
        } catch (SettingsException | IOException e) {
            throw new CommandFailure("--database: " + file + ": " + e.getMessage());
        }
    }

    /** Tells commands where the databases are; readable by the owner of the data directory only. */
    static void write(DataDirectory data, Map<String, DatabaseAddress> addresses) {
        ObjectNode json = Json.mapper().createObjectNode();
        addresses.forEach((cell, address) -> json.putObject(cell)
                .put("url", address.url())
                .put("user", address.user())
                .put("password", address.password()));
        DataDirectory.write(file(data), Json.write(json));
    }

    private static Path file(DataDirectory data) {
        return data.folder("secrets").resolve("cell-databases.json");
    }
}
