package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One node with a clock that stands still, workers that work when they are told to, and devices that keep frames. */
final class NodeFixture {
    static final Topic PAYMENTS = Topic.of("payments", "wallet");
    static final Topic NEWS = Topic.of("news", "wallet");
    static final Topic RIDES = Topic.of("rides", "taxi");
    private static final Map<String, Topic> TOPICS =
            Map.of(PAYMENTS.name(), PAYMENTS, NEWS.name(), NEWS, RIDES.name(), RIDES);
    private static final long START = 1_790_000_000_000L;

    /** A cell of one node. */
    private static final class Alone implements Peers {
        @Override
        public List<String> nodes() {
            return List.of();
        }

        @Override
        public CompletionStage<byte[]> toNode(String node, String operation, byte[] body, Duration timeout) {
            throw new AssertionError("no node " + node);
        }

        @Override
        public CompletionStage<byte[]> toCell(String cell, String operation, byte[] body, Duration timeout) {
            throw new AssertionError("no cell " + cell);
        }
    }

    final InMemoryInbox inbox = new InMemoryInbox();
    final CountingDeliveryMeters meters = new CountingDeliveryMeters();
    final Deque<Runnable> tasks = new ArrayDeque<>();
    long nanos = 1;
    final Delivery delivery = new Delivery(new DeliveryPorts(
            "east",
            "east-1",
            inbox,
            inbox,
            inbox,
            TOPICS::get,
            new Alone(),
            tasks::add,
            () -> nanos,
            () -> Instant.ofEpochMilli(now()),
            new Random(7),
            meters,
            DeliveryPorts.DEFAULT_UNACKNOWLEDGED));

    long now() {
        return START + TimeUnit.NANOSECONDS.toMillis(nanos);
    }

    /** Lets the workers work until there is nothing to do, with what gathers until a tick. */
    void work() {
        workOnce();
        delivery.tick();
        workOnce();
    }

    private void workOnce() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /** Time passes, tick by tick. */
    void pass(Duration span) {
        long end = nanos + span.toNanos();
        while (nanos < end) {
            nanos = Math.min(end, nanos + Delivery.TICK.toNanos());
            delivery.tick();
            work();
        }
    }

    void publish(String user, Topic topic, int count) {
        for (int i = 0; i < count; i++) {
            publish(user, topic, "message".getBytes(StandardCharsets.UTF_8));
        }
    }

    void publish(String user, Topic topic, byte[] payload) {
        inbox.store(user, topic.name(), "key-" + inbox.hashCode() + "-" + nextKey++, payload, now());
    }

    private int nextKey;

    /** Stores a message and tells of it as the node does that stored it; the publication is what tests change. */
    void publishHere(Publication message) {
        Stored stored = inbox.store(message.user(), message.topic(), message.key(), message.payload(), now());
        delivery.stored(message, stored.sequence());
    }

    /** A message for all devices of a user. */
    Publication message(String user, Topic topic) {
        return message(user, topic, null, Versions.ALL, "", 1);
    }

    Publication message(
            String user, Topic topic, @Nullable String device, Versions versions, String collapse, long epoch) {
        return new Publication(
                3,
                epoch,
                user,
                topic.name(),
                "key-here-" + nextKey++,
                device,
                null,
                "text/plain",
                "fresh".getBytes(StandardCharsets.UTF_8),
                Instant.ofEpochMilli(now()),
                null,
                versions,
                false,
                collapse,
                0);
    }

    FakeDevice open(String id, String user, SyncKey... keys) {
        return open(id, user, Hello.builder().keys(List.of(keys)).build());
    }

    FakeDevice open(String id, String user, Hello hello) {
        FakeDevice device = new FakeDevice();
        device.listener =
                delivery.open(device(id, user), DeviceFrame.hello(hello).encode(), device);
        work();
        return device;
    }

    static Device device(String id, String user) {
        return new Device("wallet", id, user, 3, 1, "en");
    }

    SyncKey key(String user, Topic topic, long sequence) {
        return new SyncKey(topic.name(), user.isEmpty(), inbox.idOf(user, topic.name()), sequence);
    }

    /** The far end of a stream. */
    static final class FakeDevice implements DeviceChannel {
        final List<ServerFrame> frames = new ArrayList<>();
        DeviceChannel.@Nullable Listener listener;

        @Nullable
        Bye bye;

        boolean writable = true;

        @Override
        public void send(byte[] frame) {
            try {
                frames.add(ServerFrame.decode(frame));
            } catch (ProtocolException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public boolean isWritable() {
            return writable;
        }

        @Override
        public void end(Bye last) {
            bye = last;
        }

        void says(DeviceFrame frame) {
            listener().frame(frame.encode());
        }

        void acks(SyncKey... keys) {
            says(DeviceFrame.ack(List.of(keys)));
        }

        DeviceChannel.Listener listener() {
            return Objects.requireNonNull(listener);
        }

        int pauseMillis() {
            return Objects.requireNonNull(bye).retryAfterMillis();
        }

        String reason() {
            return bye == null ? "" : bye.reason();
        }

        List<ServerFrame> of(ServerFrame.Kind kind) {
            return frames.stream().filter(frame -> frame.kind() == kind).toList();
        }

        /** The sequences of the messages that came. */
        List<Long> sequences(Topic topic) {
            return of(ServerFrame.Kind.BATCH).stream()
                    .filter(frame -> frame.batch().topic().equals(topic.name()))
                    .flatMap(frame -> frame.batch().messages().stream())
                    .map(message -> message.sequence())
                    .toList();
        }
    }
}
