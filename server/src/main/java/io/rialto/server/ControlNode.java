package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.failover.Standbys;
import io.rialto.cells.move.Moves;
import io.rialto.control.ControlServer;
import io.rialto.control.ControlSettings;
import io.rialto.control.ControlStore;
import io.rialto.control.SectionCheck;
import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.config.Keys;
import io.rialto.node.SnapshotSigner;
import io.rialto.node.postgres.Database;
import io.rialto.sync.SyncConfig;
import java.io.IOException;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Map;

/** Control: the store of snapshots and its HTTP API. It knows what each room says of its own section, and no more. */
final class ControlNode implements AutoCloseable {
    /** What is wrong with a section, by its name. */
    static final Map<String, SectionCheck> VALIDATORS = Map.of(
            RoutingTable.SECTION,
            (before, after) -> RoutingTable.errors(before, after),
            "gateway",
            SectionCheck.of(GatewayConfig::errors),
            "keys",
            SectionCheck.of(section -> Keys.errors(section, Clock.systemUTC().instant())),
            SyncConfig.SECTION,
            SectionCheck.of(SyncConfig::errors),
            Standbys.SECTION,
            SectionCheck.of(Standbys::errors),
            Moves.SECTION,
            SectionCheck.of(Moves::errors));

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
