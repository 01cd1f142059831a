package io.rialto.benchmark;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Publishes by MQTT, QoS 1, over connections of one event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // nobody waits for loops that end
final class MqttSender implements Sender {
    private static final int CONNECT_SECONDS = 10;

    private final MultiThreadIoEventLoopGroup loops;
    private final List<Lane> lanes;

    private MqttSender(MultiThreadIoEventLoopGroup loops, List<Lane> lanes) {
        this.loops = loops;
        this.lanes = lanes;
    }

    static MqttSender connect(int port, int connections) throws IOException, InterruptedException {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        List<Lane> lanes = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            Lane lane = new Lane();
            MqttConnection.open(loops, null, "127.0.0.1", port, null, PublishLoad.key(), true, lane);
            lanes.add(lane);
        }
        try {
            for (Lane lane : lanes) {
                lane.connected.get(CONNECT_SECONDS, TimeUnit.SECONDS);
            }
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("no connection to publish over", e);
        }
        return new MqttSender(loops, lanes);
    }

    @Override
    public void send(String key, int user, byte[] payload, Done done) {
        lanes.get(user % lanes.size()).send(Mosquitto.topic(user), payload, done);
    }

    /** A connection; all but {@link #send} on its loop. */
    private static final class Lane implements MqttConnection.Listener {
        private final CompletableFuture<MqttConnection> connected = new CompletableFuture<>();
        private final IntObjectMap<Done> waiting = new IntObjectHashMap<>();
        private boolean flushing;
        private @Nullable String lost;

        @Override
        public void connected(MqttConnection connection, boolean known) {
            connected.complete(connection);
        }

        void send(String topic, byte[] payload, Done done) {
            MqttConnection connection = connected.join();
            EventLoop loop = connection.channel().eventLoop();
            loop.execute(() -> {
                if (lost != null) {
                    done.done(lost);
                    return;
                }
                waiting.put(connection.publish(topic, payload), done);
                if (!flushing) {
                    flushing = true;
                    // Behind what is already waiting for this loop: all of it leaves in one write.
                    loop.execute(() -> {
                        flushing = false;
                        connection.channel().flush();
                    });
                }
            });
        }

        @Override
        public void acknowledged(int packet) {
            Done done = waiting.remove(packet);
            if (done != null) {
                done.done(null);
            }
        }

        @Override
        public void closed(String why) {
            lost = why;
            connected.completeExceptionally(new IOException(why));
            List.copyOf(waiting.values()).forEach(done -> done.done(why));
            waiting.clear();
        }
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
