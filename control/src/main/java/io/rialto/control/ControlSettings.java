package io.rialto.control;

import io.rialto.node.Setting;
import io.rialto.node.Size;
import java.nio.file.Path;

/** Settings of a control process; its database has its own. */
public record ControlSettings(
        @Setting(
                value = "127.0.0.1",
                doc = "Address on which control listens; put TLS in front of any other than loopback.")
        String host,

        @Setting(value = "9090", min = 0, max = 65535, doc = "Port on which control listens; 0 takes a free one.")
        int port,

        @Setting(
                value = "data/control/signing.key",
                doc = "File with the key that signs snapshots; made where it is not there.")
        Path signingKeyFile,

        @Setting(
                value = "data/control/admin.token",
                doc = "File with the administrators' token; made where it is not there.")
        Path adminTokenFile,

        @Setting(value = "data/control/node.token", doc = "File with the nodes' token; made where it is not there.")
        Path nodeTokenFile,

        @Setting(value = "10000", min = 1, max = 1_000_000, doc = "Nodes that may wait for a snapshot at once.")
        int maxWaiting,

        @Setting(value = "16m", doc = "Largest section that is accepted.")
        Size maxBody) {}
