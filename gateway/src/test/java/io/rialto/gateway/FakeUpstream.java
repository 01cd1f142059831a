package io.rialto.gateway;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.upstream.OutboundCall;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.gateway.upstream.Upstream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A backend in memory: answers by a function, at once or when the test says so. */
final class FakeUpstream implements Upstream {
    /** A call that arrived. */
    record Seen(String method, String path, HeaderList headers, String body, boolean repeatable) {
        String header(String name) {
            AsciiString value = headers.get(AsciiString.of(name));
            return value == null ? "" : value.toString();
        }
    }

    private record Held(OutboundCall call, Consumer<Outcome> outcome) {}

    private final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final LinkedBlockingQueue<Held> held = new LinkedBlockingQueue<>();
    private final AtomicInteger cancelled = new AtomicInteger();
    private volatile @Nullable Function<Seen, Outcome> answers = call -> json(200, "{\"answer\":" + call.body() + "}");

    static Outcome json(int status, String body, String... headers) {
        HeaderList list = new HeaderList().add(AsciiString.of("content-type"), AsciiString.of("application/json"));
        for (int i = 0; i < headers.length; i += 2) {
            list.add(AsciiString.of(headers[i]), AsciiString.of(headers[i + 1]));
        }
        return new Outcome.Answered(status, list, Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
    }

    FakeUpstream answering(Function<Seen, Outcome> function) {
        answers = function;
        return this;
    }

    /** From now on calls wait for {@link #release}. */
    FakeUpstream holding() {
        answers = null;
        return this;
    }

    /** Answers the call that has waited longest. */
    void release(Outcome outcome) throws InterruptedException {
        Held next = held.poll(10, TimeUnit.SECONDS);
        if (next == null) {
            throw new IllegalStateException("no call arrived");
        }
        next.call.loop().execute(() -> next.outcome.accept(outcome));
    }

    void awaitHeld() throws InterruptedException {
        Held next = held.poll(10, TimeUnit.SECONDS);
        if (next == null) {
            throw new IllegalStateException("no call arrived");
        }
        held.add(next);
    }

    List<Seen> seen() {
        return seen;
    }

    Seen last() {
        return seen.get(seen.size() - 1);
    }

    int cancelled() {
        return cancelled.get();
    }

    @Override
    public Runnable send(OutboundCall call, Consumer<Outcome> outcome) {
        String body = new String(ByteBufUtil.getBytes(call.body()), StandardCharsets.UTF_8);
        call.body().release();
        Seen now = new Seen(call.method().toString(), call.path(), call.headers(), body, call.repeatable());
        seen.add(now);
        Function<Seen, Outcome> function = answers;
        if (function == null) {
            held.add(new Held(call, outcome));
        } else {
            outcome.accept(function.apply(now));
        }
        return cancelled::incrementAndGet;
    }
}
