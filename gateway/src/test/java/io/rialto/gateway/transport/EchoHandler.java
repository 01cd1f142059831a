package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers a call by its path: {@code /echo} with the body, {@code /size/N} with N bytes, {@code /held} when released,
 * {@code /trailers} with trailers, {@code /lengths} with lengths that it has not, {@code /fail} with an exception, {@code /seen} with how the call was seen.
 */
final class EchoHandler implements CallHandler {
    static final AsciiString NAME = AsciiString.cached("x-echo");

    final ConcurrentLinkedQueue<InboundCall> held = new ConcurrentLinkedQueue<>();
    final AtomicInteger cancelled = new AtomicInteger();

    @Override
    public void handle(InboundCall call) {
        HeaderList headers = new HeaderList().add(NAME, "yes");
        String path = call.path();
        if (path.equals("/held")) {
            call.onCancel(cancelled::incrementAndGet);
            held.add(call);
        } else if (path.startsWith("/size/")) {
            call.body().release();
            ByteBuf body = Unpooled.buffer();
            body.writeZero(Integer.parseInt(path.substring(6)));
            call.answer(200, headers, body, null);
        } else if (path.equals("/trailers")) {
            call.answer(200, headers, call.body(), trailers());
        } else if (path.equals("/lengths")) {
            AsciiString length = AsciiString.cached("content-length");
            call.answer(200, headers.add(length, "77").add(length, "88"), call.body(), trailers());
        } else if (path.equals("/fail")) {
            call.body().release();
            throw new IllegalStateException("as asked");
        } else if (path.equals("/seen")) {
            String seen =
                    call.method() + " " + call.query() + " " + call.headers().get(AsciiString.of("host")) + " "
                            + call.body().toString(StandardCharsets.UTF_8);
            call.body().release();
            call.answer(200, headers, Unpooled.copiedBuffer(seen, StandardCharsets.UTF_8), null);
        } else {
            call.answer(200, headers, call.body(), null);
        }
    }

    private static HeaderList trailers() {
        return new HeaderList().add(AsciiString.of("grpc-status"), "0");
    }

    /** Answers the calls that are held now; an answer may let the next one in. */
    void release() {
        for (int left = held.size(); left > 0; left--) {
            InboundCall next = held.remove();
            next.loop().execute(() -> next.answer(200, new HeaderList(), next.body(), null));
        }
    }
}
