package io.rialto.gateway.upstream;

import io.netty.channel.EventLoop;
import io.rialto.gateway.http.FlushOnce;
import io.rialto.gateway.loop.Loop;
import java.util.random.RandomGenerator;

/** What the upstream parts of one event loop share. Used on that loop only. */
record LoopContext(
        Loop loop, int loops, DeadlineWheel wheel, Connector connector, UpstreamMeters meters, RandomGenerator random) {

    EventLoop eventLoop() {
        return loop.eventLoop();
    }

    FlushOnce flush() {
        return loop.flushes();
    }

    long nanoTime() {
        return loop.nanoTime();
    }

    /** This loop's share of what the whole node may have, at least one. */
    int share(int ofNode) {
        return (ofNode + loops - 1) / loops;
    }
}
