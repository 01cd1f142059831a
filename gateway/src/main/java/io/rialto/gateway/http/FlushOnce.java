package io.rialto.gateway.http;

import io.netty.channel.EventLoop;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * Flushes the channels that were written to in a turn of an event loop once, at the end of that turn: many answers that
 * one turn produces for one connection become one system call and few TCP segments. One per event loop, used on it only.
 */
public final class FlushOnce {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(FlushOnce.class);

    private final EventLoop loop;
    private final List<Runnable> pending = new ArrayList<>();
    private final Runnable turnEnd = this::flushAll;
    private boolean scheduled;

    public FlushOnce(EventLoop loop) {
        this.loop = loop;
    }

    /**
     * Runs {@code flush} when this turn ends. A connection asks once per turn, with an object that it keeps, and notes
     * that it asked until it is run.
     */
    public void later(Runnable flush) {
        pending.add(flush);
        if (!scheduled) {
            scheduled = true;
            if (loop instanceof SingleThreadEventLoop turning) {
                turning.executeAfterEventLoopIteration(turnEnd);
            } else {
                loop.execute(turnEnd);
            }
        }
    }

    private void flushAll() {
        // A flush may cause further writes, which then join this turn.
        for (int i = 0; i < pending.size(); i++) {
            try {
                pending.get(i).run();
            } catch (RuntimeException e) {
                // One connection's bug must not keep the others' bytes.
                LOG.error("a flush at the end of an event loop's turn failed", e);
            }
        }
        pending.clear();
        scheduled = false;
    }
}
