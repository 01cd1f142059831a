package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Code;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answer to one call as it comes in on a stream, plain or gRPC's (gRPC over HTTP2, "Responses"). */
final class Http2Answer {
    private static final AsciiString CONTENT_LENGTH = FieldNames.of("content-length");
    private static final AsciiString CONTENT_TYPE = FieldNames.of("content-type");
    private static final AsciiString GRPC_STATUS = FieldNames.of("grpc-status");
    private static final AsciiString GRPC_JSON = AsciiString.cached("application/grpc+json");
    private static final AsciiString GRPC = AsciiString.cached("application/grpc");
    private static final int MAX_FIELDS = 256;

    private final Attempt attempt;
    private final boolean grpc;
    private final int maxBody;
    private final HeaderList headers = new HeaderList(12);
    private int status;
    private @Nullable ByteBuf body;

    Http2Answer(Attempt attempt, Backend backend) {
        this.attempt = attempt;
        grpc = Http2Requests.isGrpc(attempt.call, backend);
        maxBody = backend.settings().maxAnswerBytes() + (grpc ? Http2Requests.GRPC_PREFIX : 0);
    }

    /** Takes header fields or, after those, trailers. */
    void headers(Http2Headers fields, boolean last) throws ProtocolException {
        CharSequence text = fields.status();
        if (status != 0) {
            if (text != null || !last) {
                throw Http1AnswerHead.invalid("two blocks of header fields");
            }
            if (grpc) {
                take(fields);
            }
            return;
        }
        int value = text == null ? 0 : number(AsciiString.of(text));
        if (value < 100 || value > 599 || value == 101 || value < 200 && last) {
            throw Http1AnswerHead.invalid("status " + text + " (expected: 200..599)");
        }
        if (value >= 200) {
            status = value;
            take(fields);
        }
    }

    private void take(Http2Headers fields) throws ProtocolException {
        for (Map.Entry<CharSequence, CharSequence> field : fields) {
            AsciiString name = AsciiString.of(field.getKey());
            if (name.isEmpty() || name.byteAt(0) == ':' || name.contentEquals(CONTENT_LENGTH)) {
                continue;
            }
            if (headers.size() >= MAX_FIELDS) {
                throw Http1AnswerHead.invalid("more than " + MAX_FIELDS + " fields");
            }
            headers.add(name, AsciiString.of(field.getValue()));
        }
    }

    /** Takes bytes of the body; does not take over the buffer. */
    void data(ByteBufAllocator allocator, ByteBuf data, boolean last) throws ProtocolException {
        if (status == 0) {
            throw Http1AnswerHead.invalid("a body before its header fields");
        }
        int length = data.readableBytes();
        int before = body == null ? 0 : body.readableBytes();
        if (length > maxBody - before) {
            throw new ProtocolException(
                    Reason.ANSWER_TOO_LARGE,
                    "the backend's answer has a body of " + ((long) before + length)
                            + " bytes or more (expected: at most " + maxBody + ")");
        }
        if (length == 0) {
            return;
        }
        if (body == null && (last || grpc)) {
            // Most answers are one frame: kept as it is.
            body = data.retainedSlice();
            return;
        }
        ByteBuf to = body;
        if (to == null || to.maxCapacity() < before + length) {
            to = allocator.buffer(Math.max(2 * (before + length), 4_096));
            if (body != null) {
                to.writeBytes(body);
                body.release();
            }
            body = to;
        }
        to.writeBytes(data, data.readerIndex(), length);
    }

    /** Hands a whole answer to the attempt. */
    void complete() {
        if (status == 0) {
            fail(Reason.BACKEND_INVALID, "the backend's answer has no header fields", true);
            return;
        }
        if (!grpc) {
            attempt.answer(status, headers, takeBody());
            return;
        }
        try {
            completeGrpc();
        } catch (ProtocolException refused) {
            fail(refused.reason(), String.valueOf(refused.getMessage()), true);
        }
    }

    private void completeGrpc() throws ProtocolException {
        AsciiString type = headers.get(CONTENT_TYPE);
        if (status != 200 || type == null || !type.startsWith(GRPC)) {
            throw Http1AnswerHead.invalid(
                    "status " + status + " and content-type " + type + " (expected: 200 and " + GRPC + ")");
        }
        AsciiString grpcStatus = headers.get(GRPC_STATUS);
        int code = grpcStatus == null ? -1 : number(grpcStatus);
        if (code < 0) {
            throw Http1AnswerHead.invalid("grpc-status " + grpcStatus + " (expected: a number)");
        }
        headers.set(CONTENT_TYPE, type.startsWith(GRPC_JSON) ? "application/json" : "application/proto");
        if (code == 0) {
            checkMessage();
            ByteBuf framed = takeBody();
            attempt.answer(200, headers, framed.skipBytes(Http2Requests.GRPC_PREFIX));
        } else {
            release();
            attempt.answer(Code.ofGrpcStatus(code).httpStatus(), headers, Unpooled.EMPTY_BUFFER);
        }
    }

    /** One message, not compressed, as the request allowed. */
    private void checkMessage() throws ProtocolException {
        ByteBuf framed = body;
        if (framed == null || framed.readableBytes() < Http2Requests.GRPC_PREFIX) {
            throw Http1AnswerHead.invalid("no whole message (expected: one)");
        }
        int flag = framed.getByte(framed.readerIndex());
        long length = framed.getUnsignedInt(framed.readerIndex() + 1);
        if (flag != 0 || length != framed.readableBytes() - Http2Requests.GRPC_PREFIX) {
            throw Http1AnswerHead.invalid("a message with flag " + flag + " and length " + length + " in "
                    + framed.readableBytes() + " bytes (expected: one message, not compressed)");
        }
    }

    void fail(Reason reason, String message, boolean dispatched) {
        release();
        attempt.fail(reason, message, dispatched);
    }

    void release() {
        if (body != null) {
            body.release();
            body = null;
        }
    }

    private ByteBuf takeBody() {
        ByteBuf taken = body;
        body = null;
        return taken == null ? Unpooled.EMPTY_BUFFER : taken;
    }

    /** A number of at most three digits, or -1. */
    private static int number(AsciiString text) {
        int value = text.isEmpty() || text.length() > 3 ? -1 : 0;
        for (int i = 0; value >= 0 && i < text.length(); i++) {
            byte b = text.byteAt(i);
            value = b >= '0' && b <= '9' ? value * 10 + b - '0' : -1;
        }
        return value;
    }
}
