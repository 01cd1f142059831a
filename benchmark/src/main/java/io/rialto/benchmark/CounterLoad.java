package io.rialto.benchmark;

import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import io.rialto.protocol.Buckets;
import io.rialto.protocol.OperationName;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Writers: each a phone with the SDK and a connection of its own, which calls {@link CounterBackend} for users of some shards,
 * the next time when it has its answer. Half of them come by one cell's gateway first, half by the other's.
 */
final class CounterLoad implements AutoCloseable {
    private static final int USERS_A_SHARD = 5;
    private static final OperationName ADD = OperationName.of(CounterBackend.OPERATION);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<Rialto> phones = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong lastNanos = new AtomicLong();
    private final AtomicLong gapNanos = new AtomicLong();
    private final AtomicReference<@Nullable String> firstFailure = new AtomicReference<>();
    private final List<String> users = new ArrayList<>();
    private final int counters;

    /** @param counters of each shard, of which a write takes one by chance */
    CounterLoad(TwoCells cells, int writers, List<Integer> shards, int counters) {
        this.counters = counters;
        shards.forEach(shard -> addUsers(shard, users));
        List<String> order = List.of(TwoCells.EAST, TwoCells.WEST);
        lastNanos.set(System.nanoTime());
        for (int i = 0; i < writers; i++) {
            Rialto phone = Rialto.builder()
                    .app(TwoCells.APP)
                    .gateways((i % 2 == 0 ? order : order.reversed())
                            .stream().map(cells::gateway).toList())
                    .serverKeys(List.of(cells.serverKey()))
                    .trust(cells.certificate())
                    .protection(Protection.SEALED)
                    .timeout(PATIENCE)
                    .build();
            phones.add(phone);
            long seed = i;
            threads.add(Thread.ofPlatform().name("writer-" + i).start(() -> write(phone, seed)));
        }
    }

    private static void addUsers(int shard, List<String> users) {
        int found = 0;
        for (int id = 1_000_000; found < USERS_A_SHARD; id++) {
            String user = Integer.toString(id);
            if (Buckets.of(user, TwoCells.SHARDS) == shard) {
                users.add(user);
                found++;
            }
        }
    }

    private void write(Rialto phone, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        while (!stop.get()) {
            String user = users.get(random.nextInt(users.size()));
            byte[] message = ("{\"counter\":" + random.nextInt(counters) + "}").getBytes(StandardCharsets.UTF_8);
            try {
                phone.call(ADD, "application/json", message, false, CallOptions.NONE.routeHint(user));
                acknowledged.incrementAndGet();
                long now = System.nanoTime();
                gapNanos.accumulateAndGet(now - lastNanos.getAndSet(now), Math::max);
            } catch (CallException e) {
                failed.incrementAndGet();
                firstFailure.compareAndSet(null, e.reason() + ": " + e.getMessage());
            }
        }
    }

    /** From now on the longest time without an acknowledged write is counted anew. */
    void forgetGap() {
        gapNanos.set(0);
    }

    /** The longest time between two acknowledged writes, of all writers together, and until now. */
    double gapMillis() {
        return Math.max(gapNanos.get(), System.nanoTime() - lastNanos.get()) / 1e6;
    }

    long acknowledged() {
        return acknowledged.get();
    }

    /** Calls of which the phone does not know that they were done. */
    long failed() {
        return failed.get();
    }

    String firstFailure() {
        return String.valueOf(firstFailure.get());
    }

    @Override
    public void close() throws InterruptedException {
        stop.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        phones.forEach(Rialto::close);
    }
}
