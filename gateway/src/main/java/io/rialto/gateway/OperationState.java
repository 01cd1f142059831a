package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.limit.TokenBucket;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** An operation and what is remembered of it; lives on from one configuration to the next while its own is unchanged. */
final class OperationState {
    final OperationConfig config;
    final String name;
    final long timeoutNanos;
    final AsciiString path;
    final Samples samples;

    /** What answers it here; null where a backend does. */
    final @Nullable OwnOperation own;

    private final @Nullable TokenBucket rate;

    /** By app; as bounded as the configuration is. */
    private final ConcurrentHashMap<String, TokenBucket> rateOfApps = new ConcurrentHashMap<>();

    OperationState(OperationConfig config, long nowNanos) {
        this(config, nowNanos, null);
    }

    OperationState(OperationConfig config, long nowNanos, @Nullable OwnOperation own) {
        this.own = own;
        this.config = config;
        this.name = config.name().toString();
        this.path = AsciiString.cached(config.name().path());
        this.timeoutNanos = config.timeoutMillis() * 1_000_000L;
        this.samples = new Samples(config.record());
        OperationConfig.Rate limits = config.rate();
        this.rate = limits.operation() == 0 ? null : new TokenBucket(limits.operation(), limits.burst(), nowNanos);
    }

    boolean isStream() {
        return own != null && own.isStream();
    }

    /** Nanoseconds to wait for a place in the operation's rate; 0 where the call has one. */
    long takeOperation(long nowNanos) {
        return rate == null ? 0 : rate.take(nowNanos);
    }

    /** The same for the rate of one app. */
    long takeApp(@Nullable String app, long nowNanos) {
        if (app == null || config.rate().app() == 0) {
            return 0;
        }
        TokenBucket bucket = rateOfApps.get(app);
        if (bucket == null) {
            bucket = rateOfApps.computeIfAbsent(
                    app,
                    absent -> new TokenBucket(config.rate().app(), config.rate().burst(), nowNanos));
        }
        return bucket.take(nowNanos);
    }
}
