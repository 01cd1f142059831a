package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Where each single server of the units of this machine is, for commands that ask one of them and not the primary. */
final class UnitAddresses {
    private UnitAddresses() {}

    /** Tells commands; readable by the owner of the data directory only. */
    static void write(DataDirectory data, Collection<PostgresGroup> groups) {
        ObjectNode json = Json.mapper().createObjectNode();
        groups.forEach(group -> group.addresses()
                .forEach((name, address) -> json.putObject(name)
                        .put("url", address.url())
                        .put("user", address.user())
                        .put("password", address.password())));
        DataDirectory.write(file(data), Json.write(json));
    }

    /** The server of this name, where the rialto of a data directory has one; it may be down. */
    static Optional<DatabaseAddress> find(DataDirectory data, String name) {
        if (!Files.exists(file(data))) {
            return Optional.empty();
        }
        try {
            JsonNode one = Json.read(DataDirectory.read(file(data))).path(name);
            return one.isMissingNode()
                    ? Optional.empty()
                    : Optional.of(new DatabaseAddress(
                            one.path("url").asString(),
                            one.path("user").asString(),
                            one.path("password").asString()));
        } catch (JsonException e) {
            throw new CommandFailure(file(data) + ": " + e.getMessage() + " (stop rialto and start it again)");
        }
    }

    /** The server of this name. */
    static DatabaseAddress required(DataDirectory data, String name) {
        return find(data, name)
                .orElseThrow(() -> new CommandFailure("server " + name
                        + ": nobody says where it is (expected: the data directory of the rialto that runs it)"));
    }

    private static Path file(DataDirectory data) {
        return data.folder("secrets").resolve("unit-servers.json");
    }
}
