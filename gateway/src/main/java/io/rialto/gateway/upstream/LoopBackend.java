package io.rialto.gateway.upstream;

import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one event loop knows and has of one backend. On that loop only. */
final class LoopBackend {
    private static final Logger LOG = LoggerFactory.getLogger(LoopBackend.class);

    /** After a failed connection others are preferred for this long, doubled each time up to {@link #MAX_REST_NANOS}. */
    private static final long FIRST_REST_NANOS = 50_000_000;

    private static final long MAX_REST_NANOS = 2_000_000_000;

    private final Backend backend;
    private final LoopContext loop;
    private final Pool pool;
    private final FailureWindow window = new FailureWindow();
    private int inFlight;
    private long restNanos;
    private long restUntil;

    LoopBackend(Backend backend, LoopContext loop) {
        this.backend = backend;
        this.loop = loop;
        pool = switch (backend.key().protocol()) {
            case HTTP1 -> new Http1Pool(backend, loop);
            case HTTP2, GRPC -> new Http2Pool(backend, loop);
        };
    }

    Backend backend() {
        return backend;
    }

    Pool pool() {
        return pool;
    }

    /** Whether its breaker lets a call through. */
    boolean admits(long now) {
        return backend.breaker().admits(now);
    }

    /** Whether calls should go to it while there are others. */
    boolean preferred(long now) {
        return backend.healthy() && (restNanos == 0 || now - restUntil >= 0) && admits(now);
    }

    /** Whether it has less to do than another, for its weight. */
    boolean lighterThan(LoopBackend other) {
        return (inFlight + 1L) * other.backend.weight() < (other.inFlight + 1L) * backend.weight();
    }

    /** Makes an attempt, which its owner then gives to the pool. */
    Attempt begin(OutboundCall call, Attempt.Owner owner) {
        inFlight++;
        Attempt attempt = new Attempt(call, this, owner);
        attempt.probe = backend.breaker().begin();
        return attempt;
    }

    /** Learns that an attempt was given up. */
    void abandoned(Attempt attempt) {
        inFlight--;
        if (attempt.probe) {
            backend.breaker().probeAbandoned();
        }
    }

    /**
     * Learns how an attempt ended.
     *
     * @param failure the reason, or null for an answer
     */
    void ended(Attempt attempt, boolean well, @Nullable Reason failure, long now) {
        inFlight--;
        if (failure == Reason.BACKEND_DOWN) {
            restNanos = Math.min(restNanos == 0 ? FIRST_REST_NANOS : restNanos * 2, MAX_REST_NANOS);
            restUntil = now + restNanos;
        } else if (well) {
            restNanos = 0;
        }
        BackendSettings.Breaker settings = backend.settings().breaker();
        if (attempt.probe) {
            backend.breaker().probed(well, now, settings);
            if (well) {
                window.clear();
                LOG.info("{} answers again: its breaker is closed", backend);
            }
        } else if (window.record(!well, now, settings) && backend.breaker().open(now, settings)) {
            window.clear();
            loop.meters().add(backend.service(), UpstreamMeters.Event.BREAKER_OPENED);
            LOG.warn("{} fails at least {} % of its calls: its breaker is open", backend, settings.failurePercent());
        }
    }
}
