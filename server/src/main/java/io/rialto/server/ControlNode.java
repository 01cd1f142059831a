package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.control.ControlServer;
import io.rialto.control.ControlSettings;
import io.rialto.control.ControlStore;
import io.rialto.gateway.config.ConfigException;
import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.config.Keys;
import io.rialto.gateway.upstream.BackendSettings;
import io.rialto.node.SnapshotSigner;
import io.rialto.node.postgres.Database;
import java.io.IOException;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** Control: the store of snapshots and its HTTP API. It knows what each room says of its own section, and no more. */
final class ControlNode implements AutoCloseable {
    /** What is wrong with a section, by its name. */
    static final Map<String, Function<JsonNode, List<String>>> VALIDATORS = Map.of(
            RoutingTable.SECTION,
            RoutingTable::errors,
            "gateway",
            ControlNode::gatewayErrors,
            "keys",
            ControlNode::keyErrors);

    private final SnapshotSigner signer;
    private final ControlStore store;
    private final ControlServer server;

    private ControlNode(SnapshotSigner signer, ControlStore store, ControlServer server) {
        this.signer = signer;
        this.store = store;
        this.server = server;
    }

    static ControlNode start(ControlSettings settings, Database database, SecureRandom random)
            throws IOException, SQLException {
        SnapshotSigner signer = SnapshotSigner.readOrCreate(settings.signingKeyFile(), random);
        ControlStore store = ControlStore.open(database, signer, VALIDATORS, Clock.systemUTC());
        try {
            return new ControlNode(signer, store, ControlServer.start(store, settings, random));
        } catch (IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    private static List<String> gatewayErrors(JsonNode section) {
        List<String> errors = new ArrayList<>();
        try {
            for (JsonNode backend : GatewayConfig.parse(section).backends()) {
                try {
                    BackendSettings.parse(backend);
                } catch (IllegalArgumentException e) {
                    errors.add("gateway.backends: " + e.getMessage());
                }
            }
        } catch (ConfigException e) {
            e.errors().forEach(error -> errors.add("gateway." + error));
        }
        return errors;
    }

    private static List<String> keyErrors(JsonNode section) {
        try {
            Keys.parse(section);
            return List.of();
        } catch (ConfigException e) {
            return e.errors().stream().map(error -> "keys." + error).toList();
        }
    }

    /** The key that nodes are to trust. */
    String publicKey() {
        return signer.publicKey();
    }

    ControlStore store() {
        return store;
    }

    int port() {
        return server.port();
    }

    @Override
    public void close() {
        store.close();
        server.close();
    }
}
