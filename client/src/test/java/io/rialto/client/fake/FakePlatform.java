package io.rialto.client.fake;

import io.rialto.protocol.ServerKey;
import io.rialto.protocol.ServerKeyPair;
import java.io.IOException;
import java.net.URI;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Gateways of one or more cells, on loopback, with handlers behind them. What all cells know (keys, sessions, users) is
 * held here; each {@link FakeGateway} has its own edge and its own memory of what it accepted.
 */
public final class FakePlatform implements AutoCloseable {
    /** A session as its ticket names it. */
    record Ticket(
            io.rialto.protocol.SessionKeys keys,
            String device,
            @Nullable String user) {}

    final SecureRandom random = new SecureRandom();
    final Map<Integer, ServerKeyPair> keys = new ConcurrentHashMap<>();
    final Map<String, byte[]> pointsByCredential = new ConcurrentHashMap<>();
    final Map<String, String> usersBySession = new ConcurrentHashMap<>();
    final Map<String, Ticket> tickets = new ConcurrentHashMap<>();
    final Map<String, String> cellsByUser = new ConcurrentHashMap<>();
    final Map<String, Function<FakeCall, FakeAnswer>> handlers = new ConcurrentHashMap<>();
    final List<ServerKey> nextKeys = new CopyOnWriteArrayList<>();
    final List<Long> counters = new CopyOnWriteArrayList<>();
    final List<FakeCall> handled = new CopyOnWriteArrayList<>();
    final AtomicLong ids = new AtomicLong();
    final CountDownLatch closed = new CountDownLatch(1);
    volatile long offsetMillis;
    volatile long sessionSeconds = 3600;
    volatile boolean http2 = true;
    final AtomicLong webSockets = new AtomicLong();
    final AtomicLong epoch = new AtomicLong(1);

    private final Map<String, Queue<Fault>> faults = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
    private final Map<String, FakeGateway> gateways = new LinkedHashMap<>();
    private volatile ServerKeyPair current;

    private final FakeInbox inbox = new FakeInbox();

    private FakePlatform() {
        current = rotateKey(1);
        handlers.put("rialto.Sync/Fetch", inbox::fetch);
    }

    /** A platform with a gateway for each cell named. */
    public static FakePlatform start(String... cells) throws IOException {
        FakePlatform platform = new FakePlatform();
        for (String cell : cells.length == 0 ? new String[] {"east"} : cells) {
            platform.gateways.put(cell, new FakeGateway(platform, cell));
        }
        return platform;
    }

    /** The messages of its users. */
    public FakeInbox inbox() {
        return inbox;
    }

    /** Serves an operation in every cell. */
    public FakePlatform handle(String operation, Function<FakeCall, FakeAnswer> handler) {
        handlers.put(operation, handler);
        return this;
    }

    /** Makes the next calls to a path fail, one fault each, in order: {@code /wallet.Balance/Get}, {@code /rialto.Seal/Open}. */
    public void inject(String path, Fault... next) {
        Queue<Fault> queue = faults.computeIfAbsent(path, p -> new ArrayDeque<>());
        synchronized (queue) {
            queue.addAll(List.of(next));
        }
    }

    @Nullable
    Fault fault(String path) {
        Queue<Fault> queue = faults.get(path);
        if (queue == null) {
            return null;
        }
        synchronized (queue) {
            return queue.poll();
        }
    }

    void count(String path) {
        counts.computeIfAbsent(path, p -> new AtomicLong()).incrementAndGet();
    }

    /** How many requests to a path arrived, refused ones included. */
    public long requests(String path) {
        AtomicLong count = counts.get(path);
        return count == null ? 0 : count.get();
    }

    /** The calls that handlers saw, in order. */
    public List<FakeCall> handled() {
        return List.copyOf(handled);
    }

    /** The counters of all sealed calls that were opened, of all sessions. */
    public List<Long> counters() {
        return List.copyOf(counters);
    }

    /** Where a cell's gateway listens. */
    public URI gateway(String cell) {
        return gatewayOf(cell).uri();
    }

    public List<URI> gateways() {
        List<URI> all = new ArrayList<>();
        for (FakeGateway gateway : gateways.values()) {
            all.add(gateway.uri());
        }
        return all;
    }

    FakeGateway gatewayOf(String cell) {
        FakeGateway gateway = gateways.get(cell);
        if (gateway == null) {
            throw new IllegalArgumentException("cell: " + cell + " (expected: one of " + gateways.keySet() + ")");
        }
        return gateway;
    }

    /** The key that handshakes are to be sealed for now. */
    public ServerKey serverKey() {
        return current.key();
    }

    /** Connections of HTTP/2 are closed from now on, as where something between does not let them through. */
    public void withoutHttp2() {
        http2 = false;
    }

    /** How many streams were begun by WebSocket. */
    public long webSockets() {
        return webSockets.get();
    }

    /** Makes a new key and takes it into use beside those before. */
    public ServerKeyPair rotateKey(int suite) {
        current = ServerKeyPair.generate(suite, random);
        keys.put(current.key().id(), current);
        return current;
    }

    /** Ends a key: handshakes for it are refused. */
    public void endKey(ServerKey key) {
        keys.remove(key.id());
    }

    /** Announces a key in the answers of handshakes. */
    public void announceKey(ServerKey key) {
        nextKeys.add(key);
    }

    /** Ends all tickets, credentials or users' sessions that were given so far. */
    public void endTickets() {
        tickets.clear();
    }

    public void endCredentials() {
        pointsByCredential.clear();
    }

    public void endUserSessions() {
        usersBySession.clear();
    }

    public void sessionsLast(long seconds) {
        sessionSeconds = seconds;
    }

    /** Sets the platform's clock apart from the machine's. */
    public void clockOffset(long millis) {
        offsetMillis = millis;
    }

    /** The gateway of a cell starts anew: another edge at the same address, that remembers nothing. */
    public void restartEdge(String cell) {
        gatewayOf(cell).newEdge();
    }

    /** The gateway of a cell ends; its address refuses connections. */
    public void stop(String cell) {
        gatewayOf(cell).close();
    }

    /** Puts a user into a cell, under the next epoch. */
    public void place(String user, String cell) {
        gatewayOf(cell);
        cellsByUser.put(user, cell);
        epoch.incrementAndGet();
    }

    /** Sets the epoch that answers name. */
    public void epoch(long value) {
        epoch.set(value);
    }

    @Override
    public void close() {
        closed.countDown();
        inbox.close();
        gateways.values().forEach(FakeGateway::close);
    }
}
