package io.rialto.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.loop.Loop;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FlushOnceTest {
    @Test
    void flushes_after_everything_else_of_the_turn_and_then_what_flushing_adds() {
        List<String> order = new CopyOnWriteArrayList<>();
        try (EventLoops loops = EventLoops.start(1, EventLoops.Transport.NIO)) {
            Loop loop = loops.next();
            CompletableFuture<Void> done = new CompletableFuture<>();
            loop.eventLoop().execute(() -> {
                FlushOnce flushes = new FlushOnce(loop.eventLoop());
                flushes.later(() -> {
                    order.add("flush");
                    flushes.later(() -> {
                        order.add("flush of the flush");
                        done.complete(null);
                    });
                });
                loop.eventLoop().execute(() -> order.add("task of the same turn"));
                order.add("write");
            });
            done.orTimeout(20, TimeUnit.SECONDS).join();
        }
        assertThat(order).containsExactly("write", "task of the same turn", "flush", "flush of the flush");
    }
}
