package io.rialto.benchmark;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Devices of one system, each of a user of its own and with a TLS connection of its own, and a connection to publish to
 * them. Who publishes and who receives share one clock, so that delays are exact. Told what to do by one thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what is scheduled tells of itself
abstract class DeviceFleet {
    /** Handshakes under way at once: more would only wait at the server's cores until they are given up. */
    private static final int HANDSHAKES = 250;

    // where a device is
    private static final int CONNECTING = 0;
    private static final int READY = 1;
    private static final int AWAY = 2;

    private static final int LOOPS = 2;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(90);
    private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
    private static final long AGAIN_MILLIS = 1_000;
    private static final int PUBLISHING = 128;
    private static final int MOST_LATENCIES = 2_000_000;

    final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(LOOPS, EpollIoHandler.newFactory());
    final SslContext tls;

    /** Loopback address that the devices come from: a server has bounds for each address, as one has ports. */
    final String from;

    final int firstUser;
    private final int count;
    private final Semaphore connecting = new Semaphore(HANDSHAKES);
    private final AtomicIntegerArray ready;
    private final AtomicInteger readyCount = new AtomicInteger();
    private final AtomicIntegerArray seen;
    private final AtomicInteger seenCount = new AtomicInteger();
    private final AtomicInteger received = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();
    private final AtomicReference<@Nullable String> firstLoss = new AtomicReference<>();
    private final long[] latenciesNanos = new long[MOST_LATENCIES];
    private final AtomicInteger round = new AtomicInteger();
    private volatile boolean cutting;
    private int open;

    DeviceFleet(String from, int firstUser, int count, SslContext tls) {
        this.from = from;
        this.firstUser = firstUser;
        this.count = count;
        this.tls = tls;
        this.ready = new AtomicIntegerArray(count);
        this.seen = new AtomicIntegerArray(count);
    }

    /** Begins to connect a device, and to take its messages from where it was. */
    abstract void connect(int device);

    /** Ends its connection. */
    abstract void cut(int device);

    abstract Sender sender();

    // what connections tell, on their loops

    /** It is connected, and the server knows that it wants messages. */
    final void ready(int device) {
        int before = ready.getAndSet(device, READY);
        if (before == CONNECTING) {
            connecting.release();
        }
        if (before != READY) {
            readyCount.incrementAndGet();
        }
    }

    /** The connection stands, but the server wants it to come again later. */
    final void sentAway(int device) {
        if (ready.compareAndSet(device, CONNECTING, AWAY)) {
            connecting.release();
        }
    }

    /** A connection ended by itself, or was not made. */
    final void lost(int device, String why) {
        if (cutting) {
            return;
        }
        lost.incrementAndGet();
        firstLoss.compareAndSet(null, why);
        int before = ready.getAndSet(device, AWAY);
        if (before == CONNECTING) {
            connecting.release();
        } else if (before == READY) {
            readyCount.decrementAndGet();
        }
        loops.schedule(() -> connect(device), AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    final void received(int device, byte[] payload) {
        ByteBuffer message = ByteBuffer.wrap(payload);
        long sent = message.getLong();
        int of = message.getInt();
        if (of != round.get()) {
            return;
        }
        int index = received.getAndIncrement();
        if (index < MOST_LATENCIES) {
            latenciesNanos[index] = System.nanoTime() - sent;
        }
        if (seen.getAndSet(device, of) != of) {
            seenCount.incrementAndGet();
        }
    }

    // commands

    /** Opens more, until there are so many. */
    final String open(int number) {
        long start = System.nanoTime();
        for (int device = open; device < number; device++) {
            connecting.acquireUninterruptibly();
            connect(device);
        }
        open = number;
        boolean all = await(readyCount, number);
        return (all ? "OPEN " : "FAILED ") + readyCount.get() + " " + millisSince(start) + " " + losses();
    }

    /** Publishes at a rate to devices by chance, and says how long messages took from when each was due. */
    final String rate(int perSecond, int seconds) {
        begin();
        int total = perSecond * seconds;
        AtomicInteger failed = new AtomicInteger();
        SplittableRandom random = new SplittableRandom();
        long start = System.nanoTime();
        Sender sender = sender();
        for (int i = 0; i < total; i++) {
            long due = start + (long) (i * 1e9 / perSecond);
            while (due - System.nanoTime() > 0) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            sender.send(PublishLoad.key(), firstUser + random.nextInt(open), payload(due), failure -> {
                if (failure != null) {
                    failed.incrementAndGet();
                    firstLoss.compareAndSet(null, failure);
                }
            });
        }
        await(received, total - failed.get());
        long[] sorted = Arrays.copyOf(latenciesNanos, Math.min(received.get(), MOST_LATENCIES));
        Arrays.sort(sorted);
        return "RATE %d %d %d %d %d %s"
                .formatted(
                        total,
                        received.get(),
                        failed.get(),
                        sorted.length == 0 ? 0 : Figures.percentile(sorted, 0.50) / 1000,
                        sorted.length == 0 ? 0 : Figures.percentile(sorted, 0.99) / 1000,
                        losses());
    }

    final String cut() {
        cutting = true;
        for (int device = 0; device < open; device++) {
            cut(device);
            ready.set(device, CONNECTING);
        }
        readyCount.set(0);
        return "CUT " + open;
    }

    /** One message to each device that is away. */
    final String publish() throws InterruptedException {
        begin();
        AtomicInteger failed = new AtomicInteger();
        Semaphore window = new Semaphore(PUBLISHING);
        Sender sender = sender();
        for (int device = 0; device < open; device++) {
            window.acquire();
            sender.send(PublishLoad.key(), firstUser + device, payload(System.nanoTime()), failure -> {
                if (failure != null) {
                    failed.incrementAndGet();
                }
                window.release();
            });
        }
        window.acquire(PUBLISHING);
        return "PUBLISHED " + (open - failed.get());
    }

    /** All come back at once; until each has the message that it missed. */
    final String back() {
        long start = System.nanoTime();
        cutting = false;
        connecting.drainPermits();
        connecting.release(HANDSHAKES);
        for (int device = 0; device < open; device++) {
            connecting.acquireUninterruptibly();
            connect(device);
        }
        boolean all = await(seenCount, open);
        return (all ? "BACK " : "FAILED ") + seenCount.get() + " " + millisSince(start) + " " + losses();
    }

    private void begin() {
        round.incrementAndGet();
        received.set(0);
        seenCount.set(0);
    }

    private byte[] payload(long due) {
        byte[] payload = new byte[PublishLoad.PAYLOAD_BYTES];
        ByteBuffer.wrap(payload).putLong(due).putInt(round.get());
        return payload;
    }

    private static boolean await(AtomicInteger value, int wanted) {
        long end = System.nanoTime() + LIMIT_NANOS;
        while (value.get() < wanted) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        return true;
    }

    private static long millisSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    /** Connections that ended by themselves since the last time, and why the first did. */
    private String losses() {
        return lost.getAndSet(0) + " " + firstLoss.getAndSet(null);
    }

    final int count() {
        return count;
    }

    /** Of a system. */
    static DeviceFleet of(String from, int firstUser, int count, String[] system) throws IOException {
        try {
            return switch (system[0]) {
                case "RIALTO" -> new RialtoFleet(from, firstUser, count, system);
                case "MQTT" -> new MqttFleet(from, firstUser, count, system);
                default -> throw new IOException("system: " + system[0] + " (expected: RIALTO or MQTT)");
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
