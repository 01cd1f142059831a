package io.rialto.benchmark;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Mosquitto with persistent sessions and QoS 1: each user is a session of its own that is subscribed to its own topic. It
 * acknowledges from memory and writes everything to its file now and then.
 */
@SuppressWarnings("FutureReturnValueIgnored") // nobody waits for loops that end
record Mosquitto(Child child, int port, int tlsPort) implements Messaging {
    private static final int CONNECTIONS = 4;

    /** Sessions that are being made at once: fewer than the 100 connections that may wait for Mosquitto to take them. */
    private static final int BATCH = 64;

    private static final int BATCH_SECONDS = 30;

    /** @param users whose sessions are made, and left */
    static Mosquitto start(Scene scene, String processors, String name, int users)
            throws IOException, InterruptedException {
        int port = Tools.freePort();
        int tlsPort = Tools.freePort();
        Path folder = Files.createDirectory(scene.folder().resolve(name));
        Path config = scene.folder().resolve(name + ".conf");
        Files.writeString(config, """
                user root
                persistence true
                persistence_location %s/
                max_queued_messages 100000
                set_tcp_nodelay true
                log_type error
                allow_anonymous true
                listener %d 127.0.0.1
                listener %d 127.0.0.1
                certfile %s
                keyfile %s
                """.formatted(folder, port, tlsPort, scene.certificate(), scene.key()));
        Child child = Child.start(name, scene.folder(), processors, List.of("mosquitto", "-c", config.toString()))
                .awaitPort(tlsPort, Duration.ofSeconds(10));
        Mosquitto server = new Mosquitto(child, port, tlsPort);
        server.makeSessions(users);
        return server;
    }

    static String topic(int user) {
        return "inbox/" + user;
    }

    static String client(int user) {
        return "user-" + user;
    }

    private void makeSessions(int users) throws IOException, InterruptedException {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            for (int first = 0; first < users; first += BATCH) {
                int count = Math.min(BATCH, users - first);
                CountDownLatch made = new CountDownLatch(count);
                for (int user = first; user < first + count; user++) {
                    int one = user;
                    MqttConnection.Listener listener = new MqttConnection.Listener() {
                        @Override
                        public void connected(MqttConnection connection, boolean known) {
                            connection.subscribe(topic(one));
                        }

                        @Override
                        public void subscribed(MqttConnection connection) {
                            connection.disconnect();
                            made.countDown();
                        }
                    };
                    MqttConnection.open(loops, null, "127.0.0.1", port, null, client(one), false, listener);
                }
                if (!made.await(BATCH_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException("Mosquitto: " + made.getCount() + " of " + count + " sessions were not made");
                }
            }
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    @Override
    public String name() {
        return "Mosquitto";
    }

    @Override
    public String description() {
        return Tools.version("dpkg-query", "-W", "mosquitto")
                + ", one thread as ever, persistent sessions, QoS 1, `persistence true`, `max_queued_messages 100000`,"
                + " `set_tcp_nodelay true`; acknowledges from memory, writes its file every 30 minutes (its default),"
                + " knows no repeated key";
    }

    @Override
    public boolean isDurable() {
        return false;
    }

    @Override
    public Sender sender() throws IOException, InterruptedException {
        return MqttSender.connect(port, CONNECTIONS);
    }

    @Override
    public List<String> deviceArguments() {
        return new ArrayList<>(List.of("MQTT", Integer.toString(tlsPort), Integer.toString(port)));
    }

    @Override
    public void close() {
        child.close();
    }
}
