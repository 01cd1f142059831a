package io.rialto.server;

import io.rialto.node.Setting;
import io.rialto.node.SnapshotSettings;
import java.nio.file.Path;
import java.time.Duration;

/** Settings of one edge. */
record EdgeSettings(
        @Setting(value = "local", doc = "Id of the cell that the edge is of.")
        String cell,

        @Setting(value = "local-1", doc = "Id of the edge, as the routing table has it.")
        String node,

        @Setting(value = "127.0.0.1", doc = "Address of the public TLS listener.")
        String publicHost,

        @Setting(value = "8443", min = 0, max = 65535, doc = "Port of the public TLS listener; 0 takes a free one.")
        int publicPort,

        @Setting(value = "-1", min = -1, max = 65535, doc = "Port of a public listener without TLS; -1 for none.")
        int plainPort,

        @Setting(
                value = "127.0.0.1",
                doc = "Address of the internal listener, without TLS: for other edges, backends and operators only.")
        String internalHost,

        @Setting(value = "9443", min = 0, max = 65535, doc = "Port of the internal listener; 0 takes a free one.")
        int internalPort,

        @Setting(
                value = "data/tls/server.pem",
                doc = "PEM file with the certificate chain; read again when it changes.")
        Path tlsChainFile,

        @Setting(value = "data/tls/server-key.pem", doc = "PEM file with its key, PKCS #8.")
        Path tlsKeyFile,

        @Setting(value = "0", min = 0, max = 1024, doc = "Event loops; 0 for one per core.")
        int loops,

        @Setting(value = "30s", doc = "What calls in flight may take when the edge stops.")
        Duration drain,

        @Setting(
                value = "5s",
                doc = "How long the edge stays unready and open before it stops, for balancers to notice.")
        Duration drainNotice,

        @Setting(
                value = "data/push",
                doc = "Directory with the keys by which apps wake their devices: `APP.apns.p8`, `APP.fcm.json`,"
                        + " `APP.webpush.pem`.")
        Path pushKeys,

        SnapshotSettings snapshot) {}
