package io.rialto.gateway.loop;

import io.netty.channel.EventLoop;
import io.rialto.gateway.http.FlushOnce;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** What belongs to one event loop. Used on that loop only, but for {@link #eventLoop} and {@link #delay}. */
public final class Loop {
    /** The probe's period: short against the delays that count (tens of milliseconds), long against its own cost. */
    private static final long PROBE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final EventLoop eventLoop;
    private final LongSupplier nanoClock;
    private final LoopDelay delay = new LoopDelay();
    private final FlushOnce flushes;

    public Loop(EventLoop eventLoop, LongSupplier nanoClock) {
        this.eventLoop = eventLoop;
        this.nanoClock = nanoClock;
        this.flushes = new FlushOnce(eventLoop);
    }

    public EventLoop eventLoop() {
        return eventLoop;
    }

    public LoopDelay delay() {
        return delay;
    }

    /** The time by which everything on this loop measures, {@link System#nanoTime} unless a test sets it. */
    public long nanoTime() {
        return nanoClock.getAsLong();
    }

    /** Flushes at the end of the loop's turns. */
    public FlushOnce flushes() {
        return flushes;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // ends with the loop
    void startProbe() {
        long due = nanoTime() + PROBE_NANOS;
        eventLoop.schedule(() -> probe(due), PROBE_NANOS, TimeUnit.NANOSECONDS);
    }

    private void probe(long due) {
        long now = nanoTime();
        delay.record(now, Math.max(0, now - due));
        if (!eventLoop.isShuttingDown()) {
            startProbe();
        }
    }
}
