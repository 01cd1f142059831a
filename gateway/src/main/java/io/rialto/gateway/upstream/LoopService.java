package io.rialto.gateway.upstream;

import io.rialto.protocol.Reason;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One service as one event loop sees it: its backends with their pools, and the choice among them. */
@SuppressWarnings("ReferenceEquality") // which backend, not one like it
final class LoopService {
    private static final LoopBackend[] NONE = {};

    private final Service service;
    private final LoopContext loop;
    private final RetryBudget budget = new RetryBudget();
    private Backend[] seen = {};
    private LoopBackend[] backends = NONE;

    LoopService(Service service, LoopContext loop) {
        this.service = service;
        this.loop = loop;
    }

    Service service() {
        return service;
    }

    LoopContext loop() {
        return loop;
    }

    RetryBudget budget() {
        return budget;
    }

    /** Takes over the service's present backends; the pools of those that are gone are retired. */
    void refresh() {
        Backend[] current = service.backends();
        if (current == seen) {
            return;
        }
        Map<Backend, LoopBackend> known = new HashMap<>();
        for (LoopBackend backend : backends) {
            known.put(backend.backend(), backend);
        }
        LoopBackend[] next = new LoopBackend[current.length];
        for (int i = 0; i < next.length; i++) {
            LoopBackend kept = known.remove(current[i]);
            next[i] = kept == null ? new LoopBackend(current[i], loop) : kept;
        }
        seen = current;
        backends = next;
        known.values().forEach(gone -> gone.pool().retire());
    }

    /** What this loop has of a backend, or null when the backend is gone. */
    @Nullable
    LoopBackend of(Backend wanted) {
        refresh();
        for (LoopBackend backend : backends) {
            if (backend.backend() == wanted) {
                return backend;
            }
        }
        return null;
    }

    /**
     * The lighter of two backends taken at random, of those that are well; where none is, any whose breaker lets a call
     * through, for health checks may be wrong about all at once; null where there is no such backend.
     *
     * @param avoid used only if there is no other, or null
     */
    @Nullable
    LoopBackend choose(@Nullable LoopBackend avoid, long now) {
        refresh();
        LoopBackend[] all = backends;
        if (all.length < 2) {
            return all.length == 1 && all[0].admits(now) ? all[0] : null;
        }
        int i = loop.random().nextInt(all.length);
        int j = (i + 1 + loop.random().nextInt(all.length - 1)) % all.length;
        LoopBackend one = all[i];
        LoopBackend two = all[j];
        boolean oneFits = one != avoid && one.preferred(now);
        boolean twoFits = two != avoid && two.preferred(now);
        if (oneFits && twoFits) {
            return two.lighterThan(one) ? two : one;
        }
        if (oneFits || twoFits) {
            return oneFits ? one : two;
        }
        return firstFrom(i, avoid, now);
    }

    private @Nullable LoopBackend firstFrom(int start, @Nullable LoopBackend avoid, long now) {
        LoopBackend admitting = null;
        for (int k = 0; k < backends.length; k++) {
            LoopBackend candidate = backends[(start + k) % backends.length];
            if (candidate == avoid) {
                continue;
            }
            if (candidate.preferred(now)) {
                return candidate;
            }
            if (admitting == null && candidate.admits(now)) {
                admitting = candidate;
            }
        }
        if (admitting == null || avoid != null && avoid.preferred(now)) {
            return avoid != null && avoid.admits(now) ? avoid : admitting;
        }
        return admitting;
    }

    /** Why {@link #choose} found none. */
    Outcome.Failed refusal(long now, boolean dispatched) {
        if (backends.length == 0) {
            return new Outcome.Failed(
                    Reason.BACKEND_DOWN,
                    "no backend of " + service.name()
                            + " is known (expected: an address, a DNS answer or a registration)",
                    dispatched,
                    null);
        }
        long soonest = Long.MAX_VALUE;
        for (LoopBackend backend : backends) {
            soonest = Math.min(soonest, backend.backend().breaker().openFor(now));
        }
        return new Outcome.Failed(
                Reason.CIRCUIT_OPEN,
                "each backend of " + service.name() + " failed too often and is left alone for a while",
                dispatched,
                Duration.ofNanos(soonest));
    }
}
