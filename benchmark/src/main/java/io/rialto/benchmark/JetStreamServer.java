package io.rialto.benchmark;

import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * NATS JetStream with one stream on files, a subject for each user, and keys that it knows again for two minutes. This
 * version writes to the page cache and calls fsync every two minutes; it has no setting that acknowledges after fsync.
 */
record JetStreamServer(Child child, int port) implements Messaging {
    private static final Duration KEYS_KNOWN = Duration.ofMinutes(2);
    private static final int CONNECTIONS = 4;

    static JetStreamServer start(Scene scene, String processors) throws IOException, InterruptedException {
        int port = Tools.freePort();
        Path folder = Files.createDirectory(scene.folder().resolve("jetstream"));
        Path config = scene.folder().resolve("nats.conf");
        Files.writeString(config, """
                listen: "127.0.0.1:%d"
                jetstream { store_dir: "%s" }
                """.formatted(port, folder));
        Child child = Child.start("nats", scene.folder(), processors, List.of("nats-server", "-c", config.toString()))
                .awaitPort(port, Duration.ofSeconds(10));
        JetStreamServer server = new JetStreamServer(child, port);
        try (Connection connection = server.connect()) {
            connection
                    .jetStreamManagement()
                    .addStream(StreamConfiguration.builder()
                            .name("inbox")
                            .subjects("inbox.*")
                            .storageType(StorageType.File)
                            .duplicateWindow(KEYS_KNOWN)
                            .build());
        } catch (JetStreamApiException e) {
            child.close();
            throw new IOException("JetStream makes no stream", e);
        }
        return server;
    }

    private Connection connect() throws IOException, InterruptedException {
        return Nats.connect(Options.builder()
                .server("nats://127.0.0.1:" + port)
                .noReconnect()
                .build());
    }

    @Override
    public String name() {
        return "NATS JetStream";
    }

    @Override
    public String description() {
        return Tools.version("nats-server", "--version")
                + ", one stream on files, a subject for each user, `Nats-Msg-Id` known for 2 minutes; fsync every 2 minutes"
                + " (its default; this version has no other)";
    }

    @Override
    public boolean isDurable() {
        return false;
    }

    @Override
    public Sender sender() throws IOException, InterruptedException {
        Connection[] connections = new Connection[CONNECTIONS];
        JetStream[] streams = new JetStream[CONNECTIONS];
        for (int i = 0; i < CONNECTIONS; i++) {
            connections[i] = connect();
            streams[i] = connections[i].jetStream();
        }
        return new JetStreamSender(connections, streams);
    }

    @SuppressWarnings("ArrayRecordComponent") // compared by nothing
    private record JetStreamSender(Connection[] connections, JetStream[] streams) implements Sender {
        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // whenComplete tells of it
        public void send(String key, int user, byte[] payload, Done done) {
            CompletableFuture<?> answer = streams[user % CONNECTIONS].publishAsync(NatsMessage.builder()
                    .subject("inbox." + user)
                    .headers(new Headers().put("Nats-Msg-Id", key))
                    .data(payload)
                    .build());
            answer.whenComplete((stored, failure) -> done.done(failure == null ? null : failure.toString()));
        }

        @Override
        public void close() {
            for (Connection connection : connections) {
                try {
                    connection.close();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    @Override
    public void close() {
        child.close();
    }
}
