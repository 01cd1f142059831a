package io.rialto.node;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;

/** Lets one kind of message through once in a while, and says how many it held back. */
public final class LogThrottle {
    private static final long NEVER = Long.MIN_VALUE;

    private final Logger logger;
    private final long periodMillis;
    private final InstantSource clock;
    private final AtomicLong last = new AtomicLong(NEVER);
    private final AtomicLong heldBack = new AtomicLong();

    public LogThrottle(Logger logger, Duration period, InstantSource clock) {
        this.logger = logger;
        this.periodMillis = period.toMillis();
        this.clock = clock;
    }

    /** Warns, unless another warning went through within the period; arguments as for {@link Logger#warn}. */
    public void warn(String format, Object... arguments) {
        long now = clock.millis();
        long previous = last.get();
        if (previous != NEVER && now - previous < periodMillis || !last.compareAndSet(previous, now)) {
            heldBack.incrementAndGet();
            return;
        }
        long more = heldBack.getAndSet(0);
        logger.atWarn().log(more == 0 ? format : format + " (" + more + " like it were not logged)", arguments);
    }
}
