package io.rialto.gateway.limit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.rialto.protocol.Buckets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Rates of keys (a user's calls of an operation) that hold across the nodes of a cell. Each key has an owner among the
 * nodes, by rendezvous hashing, and only the owner's bucket gives tokens; other nodes borrow a few at a time. What is
 * borrowed and not used is lost, so leases are small and short: the sum that all nodes admit is what one bucket would,
 * less at most a few per cent. A node that cannot reach the owner allows its share of the rate on its own, at first for so
 * short a time that an answer that was late, as under load, changes little.
 *
 * <p>Safe for all threads. Locks are per key and per owner, and never held while another is asked.
 */
public final class CellRates {
    /** What {@link #take} returns where the answer comes later. */
    public static final long LATER = -1;

    /** About 250 bytes each. Beyond it the longest unused is forgotten, and starts again with a full bucket. */
    private static final int MAX_KEYS = 500_000;

    /** A lease is worth 1/50 s of the rate at most. */
    private static final int LEASES_PER_SECOND = 50;

    private static final int MAX_LEASE = 1_000;
    private static final long LEASE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How long a node goes on alone before it asks an owner again whose answer did not come: it may only be late. */
    private static final long FIRST_ALONE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** What that doubles to while no answer comes. */
    private static final long MAX_ALONE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Calls of one key that wait for a lease on one node; a millisecond's worth even of the busiest. */
    private static final int MAX_WAITING = 256;

    private static final int MAX_RETRY_MILLIS = 60_000;

    /** How to ask another node. */
    @FunctionalInterface
    public interface Link {
        /** Asks; the answer, or null where none came in time, arrives once, on any thread but not before this returns. */
        void ask(String node, byte[] message, java.util.function.Consumer<byte @Nullable []> answer);
    }

    /** A rate: tokens per second, and how many may be taken at once. */
    public record Rate(int perSecond, int burst) {}

    /** The nodes of the cell and which of them this is. */
    public record Nodes(String self, List<String> all) {}

    private record Bucket(Rate rate, TokenBucket tokens) {}

    private final Cache<String, Bucket> owned =
            Caffeine.newBuilder().maximumSize(MAX_KEYS).build();
    private final Cache<String, Lease> leases =
            Caffeine.newBuilder().maximumSize(MAX_KEYS).build();
    private final Map<String, Line> lines = new HashMap<>();
    private final Link link;
    private final LongSupplier nanoTime;

    public CellRates(Link link, LongSupplier nanoTime) {
        this.link = link;
        this.nanoTime = nanoTime;
    }

    /**
     * Takes a token of a key.
     *
     * @param later told the result on any thread, where that is {@link #LATER}
     * @return 0 where there was one, {@link #LATER}, or the nanoseconds until it is worth trying again
     */
    public long take(String key, Rate rate, Nodes nodes, LongConsumer later) {
        long now = nanoTime.getAsLong();
        String owner = owner(key, nodes);
        if (owner.equals(nodes.self)) {
            return bucket(key, rate, now).take(now);
        }
        Lease lease = leases.get(key, absent -> new Lease(key));
        boolean ask;
        synchronized (lease) {
            long result = lease.take(rate, nodes, now);
            if (result != LATER) {
                return result;
            }
            if (lease.waiting.size() >= MAX_WAITING) {
                return TimeUnit.MILLISECONDS.toNanos(1);
            }
            lease.waiting.add(later);
            ask = lease.startAsking(rate, nodes);
        }
        if (ask) {
            line(owner).add(lease);
        }
        return LATER;
    }

    /** The node with the highest hash of node and key: one that comes or goes moves only its own keys. */
    static String owner(String key, Nodes nodes) {
        String best = nodes.self;
        int highest = -1;
        for (String node : nodes.all) {
            int hash = Buckets.of(node + "\n" + key, Integer.MAX_VALUE);
            if (hash > highest || hash == highest && node.compareTo(best) < 0) {
                highest = hash;
                best = node;
            }
        }
        return best;
    }

    private TokenBucket bucket(String key, Rate rate, long now) {
        Bucket bucket = owned.get(key, absent -> new Bucket(rate, full(rate, now)));
        if (!bucket.rate.equals(rate)) {
            bucket = new Bucket(rate, full(rate, now));
            owned.put(key, bucket);
        }
        return bucket.tokens;
    }

    private static TokenBucket full(Rate rate, long now) {
        return new TokenBucket(rate.perSecond, rate.burst, now);
    }

    /**
     * Serves what another node asks of this one, as the owner.
     *
     * @param rates the rate of a key, or null where it has none
     * @return the answer, or null for a malformed message
     */
    public byte @Nullable [] serve(byte[] message, Function<String, @Nullable Rate> rates) {
        List<LeaseMessages.Ask> asks = LeaseMessages.readAsks(message);
        if (asks == null) {
            return null;
        }
        long now = nanoTime.getAsLong();
        List<LeaseMessages.Grant> grants = new ArrayList<>(asks.size());
        for (LeaseMessages.Ask ask : asks) {
            Rate rate = rates.apply(ask.key());
            if (rate == null) {
                grants.add(new LeaseMessages.Grant(-1, 0));
                continue;
            }
            TokenBucket bucket = bucket(ask.key(), rate, now);
            int granted = bucket.takeUpTo(Math.min(ask.tokens(), MAX_LEASE), now);
            long retry = TimeUnit.NANOSECONDS.toMillis(bucket.waitNanos(now) + 999_999);
            grants.add(new LeaseMessages.Grant(granted, (int) Math.min(MAX_RETRY_MILLIS, retry)));
        }
        return LeaseMessages.grants(grants);
    }

    private Line line(String node) {
        synchronized (lines) {
            return lines.computeIfAbsent(node, Line::new);
        }
    }

    /** What this node has borrowed of one key. Guarded by itself. */
    private static final class Lease {
        private final String key;
        private final ArrayDeque<LongConsumer> waiting = new ArrayDeque<>();
        private int tokens;
        private long leaseEnds;
        private long refusedUntil;
        private boolean refused;

        /** The last grant was less than what waited for it. */
        private boolean exhausted;

        private @Nullable TokenBucket alone;
        private long aloneUntil;
        private long aloneNanos = FIRST_ALONE_NANOS;
        private boolean asking;
        private int wanted = 1;
        private Rate rate = new Rate(1, 1);
        private int nodes = 1;

        Lease(String key) {
            this.key = key;
        }

        long take(Rate wantedRate, Nodes all, long now) {
            if (alone != null && now - aloneUntil < 0) {
                return alone.take(now);
            }
            if (tokens > 0 && now - leaseEnds < 0) {
                tokens--;
                return 0;
            }
            tokens = 0;
            if (refused && now - refusedUntil < 0) {
                return refusedUntil - now;
            }
            refused = false;
            rate = wantedRate;
            nodes = all.all().size();
            return LATER;
        }

        boolean startAsking(Rate wantedRate, Nodes all) {
            int share = Math.min(
                    MAX_LEASE,
                    wantedRate.perSecond()
                            / LEASES_PER_SECOND
                            / Math.max(1, all.all().size()));
            wanted = Math.max(Math.max(1, share), waiting.size());
            boolean start = !asking;
            asking = true;
            return start;
        }

        /** Takes a grant, or its absence; what is to be told to those who waited. */
        List<Runnable> granted(LeaseMessages.@Nullable Grant grant, long now) {
            asking = false;
            boolean reached = grant != null && grant.granted() >= 0;
            if (!reached) {
                if (alone == null) {
                    alone = alone(now);
                }
                aloneUntil = now + aloneNanos;
                aloneNanos = Math.min(aloneNanos * 2, MAX_ALONE_NANOS);
            } else if (grant != null) {
                alone = null;
                aloneNanos = FIRST_ALONE_NANOS;
                tokens = grant.granted();
                leaseEnds = now + LEASE_NANOS;
                exhausted = tokens < waiting.size();
                if (exhausted) {
                    refused = true;
                    refusedUntil = now + TimeUnit.MILLISECONDS.toNanos(Math.max(1, grant.retryMillis()));
                }
            }
            return serveWaiting(now);
        }

        /** This node's share of the rate; nothing at once where the owner has just said that all is taken. */
        private TokenBucket alone(long now) {
            boolean leased = leaseEnds != 0 && now - leaseEnds < 0;
            int share = Math.max(1, nodes);
            int burst = leased ? 1 : Math.max(1, rate.burst() / share);
            TokenBucket bucket = new TokenBucket((double) rate.perSecond() / share, burst, now);
            if (leased && exhausted) {
                bucket.takeUpTo(1, now);
            }
            return bucket;
        }

        private List<Runnable> serveWaiting(long now) {
            List<Runnable> results = new ArrayList<>(waiting.size());
            while (!waiting.isEmpty()) {
                LongConsumer waiter = waiting.remove();
                long result;
                if (alone != null) {
                    result = alone.take(now);
                } else if (tokens > 0) {
                    tokens--;
                    result = 0;
                } else {
                    result = Math.max(1, refusedUntil - now);
                }
                results.add(() -> waiter.accept(result));
            }
            return results;
        }
    }

    /** The way to one owner: one message at a time, so that what comes up meanwhile travels in the next. */
    private final class Line {
        private final String node;
        private final ArrayDeque<Lease> queue = new ArrayDeque<>();
        private boolean busy;

        Line(String node) {
            this.node = node;
        }

        void add(Lease lease) {
            synchronized (this) {
                queue.add(lease); // once per key, as a lease asks once at a time: bounded by the keys
                if (busy) {
                    return;
                }
                busy = true;
            }
            send();
        }

        private void send() {
            List<Lease> batch = new ArrayList<>();
            synchronized (this) {
                while (!queue.isEmpty() && batch.size() < LeaseMessages.MAX_ENTRIES) {
                    batch.add(queue.remove());
                }
                if (batch.isEmpty()) {
                    busy = false;
                    return;
                }
            }
            List<LeaseMessages.Ask> asks = new ArrayList<>(batch.size());
            for (Lease lease : batch) {
                synchronized (lease) {
                    asks.add(new LeaseMessages.Ask(lease.key, Math.max(lease.wanted, lease.waiting.size())));
                }
            }
            link.ask(node, LeaseMessages.asks(asks), answer -> answered(batch, answer));
        }

        private void answered(List<Lease> batch, byte @Nullable [] answer) {
            List<LeaseMessages.Grant> grants = answer == null ? null : LeaseMessages.readGrants(answer);
            if (grants != null && grants.size() != batch.size()) {
                grants = null;
            }
            long now = nanoTime.getAsLong();
            for (int i = 0; i < batch.size(); i++) {
                Lease lease = batch.get(i);
                List<Runnable> results;
                synchronized (lease) {
                    results = lease.granted(grants == null ? null : grants.get(i), now);
                }
                results.forEach(Runnable::run);
            }
            send();
        }
    }
}
