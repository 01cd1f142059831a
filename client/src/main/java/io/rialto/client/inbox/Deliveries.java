package io.rialto.client.inbox;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes batches to their sinks, one after the other, on its thread; knows how far each sequence has come. Only what goes on
 * without a gap is taken, and nothing twice.
 */
final class Deliveries {
    /** Batches between the network and the handlers; the platform has 64 messages on the way at most. */
    private static final int WAITING = 8;

    /** Batches of a topic whose handler failed; more than the platform sends without an acknowledgement. */
    private static final int MAX_DEFERRED = 64;

    /** Topics of an app; the platform has no more. */
    private static final int MAX_TOPICS = 256;

    private static final long FIRST_PAUSE_MILLIS = 1_000;
    private static final long MAX_PAUSE_MILLIS = 60_000;
    private static final long CLOSE_MILLIS = 5_000;

    /** What deliveries lead to. */
    interface Outcome {
        /** These are durable now. */
        void acknowledge(List<SyncKey> keys);

        /** What came does not go on where the device is; the stream is to begin anew. */
        void outOfOrder(String what);
    }

    private final Outcome outcome;
    private final LongSupplier nanos;
    private final Consumer<String> report;
    private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(WAITING);
    private final Thread thread = new Thread(this::run, "rialto-inbox");

    /** Guards the two maps below. */
    private final Object lock = new Object();

    private final Map<String, Topic> topics = new LinkedHashMap<>();
    private final Map<String, SyncKey> keys = new LinkedHashMap<>();

    /** Used on the thread alone. */
    private final Map<String, SyncKey> unacknowledged = new LinkedHashMap<>();

    private volatile boolean busy;
    private volatile boolean closed;

    Deliveries(Outcome outcome, LongSupplier nanos, Consumer<String> report) {
        this.outcome = outcome;
        this.nanos = nanos;
        this.report = report;
        thread.setDaemon(true);
    }

    private static final class Topic {
        final String name;
        final Sink sink;
        final Deque<Batch> deferred = new ArrayDeque<>();
        boolean loaded;
        /** Changed on the thread of handlers alone. */
        int failures;

        volatile boolean failing;
        long retryAtNanos;

        Topic(String name, Sink sink) {
            this.name = name;
            this.sink = sink;
        }
    }

    void start() {
        thread.start();
    }

    /** Adds a topic; its keys are read on the thread of handlers. */
    void add(String name, Sink sink) {
        synchronized (lock) {
            if (topics.size() >= MAX_TOPICS) {
                throw new IllegalArgumentException("topics: more than " + MAX_TOPICS + " (expected: at most that)");
            }
            if (topics.putIfAbsent(name, new Topic(name, sink)) != null) {
                throw new IllegalArgumentException("topic: " + name + " has a handler already (expected: one)");
            }
        }
    }

    boolean has(String name) {
        synchronized (lock) {
            return topics.containsKey(name);
        }
    }

    /** How far all sequences are, those of topics without a handler too. */
    List<SyncKey> keys() {
        synchronized (lock) {
            return new ArrayList<>(keys.values());
        }
    }

    @Nullable
    SyncKey key(String topic, boolean everyone) {
        synchronized (lock) {
            return keys.get(StoredKey.name(topic, everyone));
        }
    }

    /** Whether nothing waits, no handler runs and none has failed. */
    boolean isIdle() {
        return queue.isEmpty() && !busy && topics().stream().noneMatch(topic -> topic.failing);
    }

    /** Takes a batch when its turn comes; waits while too many do. */
    void put(Batch batch) throws InterruptedException {
        queue.put(() -> take(batch));
    }

    /** Runs an action behind what waits; false where too much does. */
    boolean offer(Runnable action) {
        return queue.offer(action);
    }

    /** Reads what keys are not read yet, and waits until all before has been taken. */
    boolean settle(long millis) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        queue.put(() -> {
            load();
            done.countDown();
        });
        return done.await(millis, TimeUnit.MILLISECONDS);
    }

    /** Forgets how far a sequence is. */
    void forget(String topic, boolean everyone) throws InterruptedException {
        queue.put(() -> {
            Topic found;
            synchronized (lock) {
                found = topics.get(topic);
            }
            try {
                if (found != null) {
                    found.deferred.removeIf(batch -> batch.everyone() == everyone);
                    found.sink.forget(everyone);
                }
                synchronized (lock) {
                    keys.remove(StoredKey.name(topic, everyone));
                }
                unacknowledged.remove(StoredKey.name(topic, everyone));
            } catch (Exception e) {
                report.accept("inbox: cannot forget the key of " + topic + ": " + e);
            }
        });
    }

    private void run() {
        while (!closed) {
            try {
                Runnable next = queue.poll(nextRetryMillis(), TimeUnit.MILLISECONDS);
                busy = true;
                if (next != null) {
                    next.run();
                }
                retry();
                if (queue.isEmpty() && !unacknowledged.isEmpty()) {
                    List<SyncKey> all = new ArrayList<>(unacknowledged.values());
                    unacknowledged.clear();
                    outcome.acknowledge(all);
                }
            } catch (InterruptedException e) {
                // an app's handler left its interrupt behind; the end is told by closed
            } catch (RuntimeException e) {
                report.accept("inbox: " + e);
            } finally {
                busy = false;
            }
        }
        closeSinks();
    }

    private List<Topic> topics() {
        synchronized (lock) {
            return new ArrayList<>(topics.values());
        }
    }

    private long nextRetryMillis() {
        long next = MAX_PAUSE_MILLIS;
        for (Topic topic : topics()) {
            if (topic.failures > 0) {
                next = Math.min(next, TimeUnit.NANOSECONDS.toMillis(topic.retryAtNanos - nanos.getAsLong()) + 1);
            }
        }
        return Math.max(0, next);
    }

    private void retry() {
        for (Topic topic : topics()) {
            if (topic.failures > 0 && topic.retryAtNanos - nanos.getAsLong() <= 0) {
                if (load(topic)) {
                    drain(topic);
                }
            }
        }
    }

    private void drain(Topic topic) {
        while (!closed) {
            Batch next = topic.deferred.peek();
            if (next == null) {
                topic.failures = 0;
                topic.failing = false;
                return;
            }
            if (!attempt(topic, next)) {
                return;
            }
            topic.deferred.poll();
        }
    }

    private void load() {
        for (Topic topic : topics()) {
            if (!topic.loaded && topic.failures == 0) {
                load(topic);
            }
        }
    }

    private boolean load(Topic topic) {
        if (topic.loaded) {
            return true;
        }
        try {
            for (boolean everyone : new boolean[] {false, true}) {
                set(StoredKey.name(topic.name, everyone), topic.sink.key(everyone));
            }
            topic.loaded = true;
            return true;
        } catch (Exception e) {
            failed(topic, "its keys cannot be read", e);
            return false;
        }
    }

    private void set(String name, @Nullable SyncKey key) {
        synchronized (lock) {
            if (key == null) {
                keys.remove(name);
            } else {
                keys.put(name, key);
            }
        }
    }

    private void take(Batch batch) {
        Topic topic;
        synchronized (lock) {
            topic = topics.get(batch.topic());
        }
        if (topic == null) {
            passOver(batch);
            return;
        }
        if (topic.failures == 0 && load(topic) && attempt(topic, batch)) {
            return;
        }
        if (topic.deferred.size() < MAX_DEFERRED) {
            topic.deferred.add(batch);
        }
    }

    /** Takes a batch, or finds that it has no place; false where the handler failed and it should come again. */
    private boolean attempt(Topic topic, Batch batch) {
        Batch rest = rest(batch);
        if (rest == null) {
            return true;
        }
        String name = StoredKey.name(batch.topic(), batch.everyone());
        try {
            topic.sink.take(rest);
            set(name, rest.end());
            unacknowledged.put(name, rest.end());
            topic.failures = 0;
            topic.failing = false;
            return true;
        } catch (Exception | Error e) {
            // how much of it was applied the sink knows; it is asked before the next try
            topic.loaded = false;
            failed(topic, "handler failed", e);
            load(topic);
            return false;
        }
    }

    private void failed(Topic topic, String what, Throwable e) {
        long pause = Math.min(MAX_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(topic.failures, 10));
        topic.failures++;
        topic.failing = true;
        topic.retryAtNanos = nanos.getAsLong() + TimeUnit.MILLISECONDS.toNanos(pause);
        if (e instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        report.accept("inbox: topic " + topic.name + ": " + what + ", again in " + pause + " ms: " + e);
    }

    /** What of a batch is new; null where nothing is, or it has no place here. */
    private @Nullable Batch rest(Batch batch) {
        SyncKey key = key(batch.topic(), batch.everyone());
        long at = key == null ? 0 : key.sequence();
        if (key != null && key.inbox() != batch.inbox()) {
            outcome.outOfOrder("a batch of another inbox than " + key);
            return null;
        }
        if (batch.last() <= at) {
            return null;
        }
        if (batch.first() > at + 1) {
            outcome.outOfOrder("a batch from " + batch.first() + " behind " + (key == null ? "nothing" : key));
            return null;
        }
        if (batch.first() == at + 1) {
            return batch;
        }
        List<SyncMessage> messages = new ArrayList<>(batch.messages());
        messages.removeIf(message -> message.sequence() <= at);
        return new Batch(batch.end(), at + 1, 0, messages);
    }

    /** No handler: it is not asked for again while the app runs, and comes when there is one after the next start. */
    private void passOver(Batch batch) {
        Batch rest = rest(batch);
        if (rest != null) {
            String name = StoredKey.name(batch.topic(), batch.everyone());
            set(name, rest.end());
            unacknowledged.put(name, rest.end());
        }
    }

    private void closeSinks() {
        for (Topic topic : topics()) {
            try {
                topic.sink.close();
            } catch (IOException e) {
                report.accept("inbox: cannot close the journal of " + topic.name + ": " + e);
            }
        }
    }

    /** Ends it; a handler that runs is waited for a little. */
    void close() {
        closed = true;
        if (!thread.isAlive()) {
            closeSinks();
            return;
        }
        queue.clear();
        queue.offer(() -> {});
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
