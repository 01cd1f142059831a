package io.rialto.benchmark;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * RabbitMQ with quorum queues, which write and fsync before they confirm. A queue for each user is beyond it, so that users
 * share a few. It does not know a repeated key.
 *
 * @param names the Erlang port mapper of this node alone
 */
record RabbitMq(Child child, Child names, int port, String version) implements Messaging {
    private static final int QUEUES = 8;
    private static final int CHANNELS = 4;
    private static final Path HOME = Path.of("/usr/lib/rabbitmq/lib");

    static RabbitMq start(Scene scene, String processors) throws IOException, InterruptedException {
        Path folder = Files.createDirectory(scene.folder().resolve("rabbitmq"));
        Path home = home();
        int port = Tools.freePort();
        int namesPort = Tools.freePort();
        Files.writeString(folder.resolve("plugins"), "[].\n");
        Files.writeString(folder.resolve("rabbitmq.conf"), """
                listeners.tcp.1 = 127.0.0.1:%d
                distribution.listener.interface = 127.0.0.1
                """.formatted(port));
        Child names = Child.start(
                        "epmd",
                        scene.folder(),
                        processors,
                        List.of("epmd", "-address", "127.0.0.1", "-port", Integer.toString(namesPort)))
                .awaitPort(namesPort, Duration.ofSeconds(10));
        // Debian's own command would change to another user and its folders.
        Child child = Child.start(
                "rabbitmq",
                scene.folder(),
                processors,
                List.of(
                        "env",
                        "HOME=" + folder,
                        "ERL_EPMD_PORT=" + namesPort,
                        "ERL_EPMD_ADDRESS=127.0.0.1",
                        "RABBITMQ_NODENAME=bench@localhost",
                        "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
                        "RABBITMQ_NODE_PORT=" + port,
                        "RABBITMQ_DIST_PORT=" + Tools.freePort(),
                        "RABBITMQ_CONFIG_FILE=" + folder.resolve("rabbitmq.conf"),
                        "RABBITMQ_ENABLED_PLUGINS_FILE=" + folder.resolve("plugins"),
                        "RABBITMQ_MNESIA_BASE=" + folder.resolve("data"),
                        "RABBITMQ_LOG_BASE=" + folder.resolve("log"),
                        "RABBITMQ_PID_FILE=" + folder.resolve("pid"),
                        home.resolve("sbin/rabbitmq-server").toString()));
        String version = home.getFileName().toString().replaceAll("^\\D*", "");
        RabbitMq server = new RabbitMq(child, names, port, version);
        try {
            child.awaitPort(port, Duration.ofSeconds(60));
            server.declare();
        } catch (IOException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private static Path home() throws IOException {
        try (Stream<Path> versions = Files.list(HOME)) {
            return versions.filter(path -> path.getFileName().toString().startsWith("rabbitmq_server-"))
                    .findFirst()
                    .orElseThrow(() -> new IOException(HOME + ": no rabbitmq_server-* (expected: Debian's package)"));
        }
    }

    private Connection connect() throws IOException {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost("127.0.0.1");
        factory.setPort(port);
        factory.setAutomaticRecoveryEnabled(false);
        try {
            return factory.newConnection();
        } catch (TimeoutException e) {
            throw new IOException("RabbitMQ did not take a connection", e);
        }
    }

    private void declare() throws IOException {
        try (Connection connection = connect();
                Channel channel = connection.createChannel()) {
            for (int i = 0; i < QUEUES; i++) {
                channel.queueDeclare(queue(i), true, false, false, Map.of("x-queue-type", "quorum"));
            }
        } catch (TimeoutException e) {
            throw new IOException("RabbitMQ did not close a channel", e);
        }
    }

    private static String queue(int user) {
        return "inbox-" + user % QUEUES;
    }

    @Override
    public String name() {
        return "RabbitMQ quorum queues";
    }

    @Override
    public String description() {
        return version + ", " + QUEUES
                + " quorum queues of one member that all users share, persistent messages, publisher confirms; writes and"
                + " fsyncs its log before it confirms; knows no repeated key";
    }

    @Override
    public boolean isDurable() {
        return true;
    }

    @Override
    public Sender sender() throws IOException {
        List<Lane> lanes = new ArrayList<>();
        for (int i = 0; i < CHANNELS; i++) {
            lanes.add(Lane.open(connect()));
        }
        return new RabbitSender(lanes);
    }

    /** A channel of one connection; its lock guards it. */
    private record Lane(
            Connection connection, Channel channel, ConcurrentNavigableMap<Long, Sender.Done> waiting, Object lock) {
        static final AMQP.BasicProperties PERSISTENT =
                new AMQP.BasicProperties.Builder().deliveryMode(2).build();

        static Lane open(Connection connection) throws IOException {
            Channel channel = connection.createChannel();
            channel.confirmSelect();
            ConcurrentNavigableMap<Long, Sender.Done> waiting = new ConcurrentSkipListMap<>();
            Lane lane = new Lane(connection, channel, waiting, new Object());
            channel.addConfirmListener(
                    (tag, multiple) -> lane.confirmed(tag, multiple, true),
                    (tag, multiple) -> lane.confirmed(tag, multiple, false));
            return lane;
        }

        void confirmed(long tag, boolean multiple, boolean stored) {
            Map<Long, Sender.Done> known = multiple ? waiting.headMap(tag, true) : waiting.subMap(tag, true, tag, true);
            for (Long one : List.copyOf(known.keySet())) {
                Sender.Done done = waiting.remove(one);
                if (done != null) {
                    done.done(stored ? null : "not stored");
                }
            }
        }

        void publish(int user, byte[] payload, Sender.Done done) throws IOException {
            synchronized (lock) {
                waiting.put(channel.getNextPublishSeqNo(), done);
                channel.basicPublish("", queue(user), PERSISTENT, payload);
            }
        }
    }

    private record RabbitSender(List<Lane> lanes) implements Sender {
        @Override
        public void send(String key, int user, byte[] payload, Done done) {
            try {
                lanes.get(user % lanes.size()).publish(user, payload, done);
            } catch (IOException e) {
                done.done(e.toString());
            }
        }

        @Override
        public void close() {
            for (Lane lane : lanes) {
                lane.connection().abort();
            }
        }
    }

    @Override
    public void close() {
        child.close();
        names.close();
    }
}
