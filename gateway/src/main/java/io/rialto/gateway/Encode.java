package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Code;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Frames the answer as the caller called, adds what every answer has, and sends it. */
final class Encode implements AnswerStep {
    private static final AsciiString GRPC_JSON = AsciiString.cached("application/grpc+json");
    private static final AsciiString GRPC_PROTO = AsciiString.cached("application/grpc+proto");
    private static final AsciiString OK = AsciiString.cached("0");
    private static final AsciiString FAILURE_BODY =
            AsciiString.cached("{\"code\": \"internal\", \"reason\": \"internal\"}");

    private final GatewayPorts ports;
    private final AsciiString self;

    Encode(GatewayPorts ports) {
        this.ports = ports;
        this.self = AsciiString.cached(ports.self().toString());
    }

    @Override
    public void take(Exchange x) {
        HeaderList trailers = null;
        if (x.framing == Exchange.Framing.GRPC) {
            trailers = grpc(x);
        } else if (x.answerHeaders.contains(Names.GRPC_STATUS)) {
            GrpcAnswers.toJson(x);
        }
        x.answerHeaders.set(Names.EDGE, self).set(Names.TIME, x.local.time(x.nowMillis));
        ByteBuf body = x.answerBody;
        if (!x.end()) {
            body.release();
            return;
        }
        String operation = x.operation != null
                ? x.operation.name
                : x.builtIn != null ? x.call.path().substring(1) : "unknown";
        ports.meters().answered(operation, x.status, ports.nanoTime().getAsLong() - x.call.arrivedNanos());
        x.call.answer(x.status, x.answerHeaders, body, trailers);
    }

    /** gRPC's answer: a frame with the status in trailers, or nothing but the status among the headers. */
    private static @Nullable HeaderList grpc(Exchange x) {
        HeaderList headers = x.answerHeaders;
        headers.set(Names.CONTENT_TYPE, x.codec.equals(Names.JSON) ? GRPC_JSON : GRPC_PROTO);
        AsciiString status = headers.get(Names.GRPC_STATUS);
        if (x.status == 200 && (status == null || status.contentEquals(OK))) {
            x.answerBody = GrpcFrames.frame(x.answerBody);
            headers.remove(Names.GRPC_STATUS).remove(Names.GRPC_MESSAGE);
            return new HeaderList(4).add(Names.GRPC_STATUS, OK);
        }
        if (status == null) {
            GrpcAnswers.fromJson(x);
        }
        x.status = 200;
        x.answerBody.release();
        x.answerBody = Unpooled.EMPTY_BUFFER;
        return null;
    }

    /** The answer of last resort, where a step on the way back failed. */
    static void failed(Exchange x) {
        x.answerBody.release();
        if (x.end()) {
            HeaderList headers = new HeaderList(4).add(Names.CONTENT_TYPE, Names.JSON);
            x.call.answer(
                    Code.INTERNAL.httpStatus(),
                    headers,
                    Unpooled.copiedBuffer(FAILURE_BODY, StandardCharsets.US_ASCII),
                    null);
        }
    }
}
