package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The server's end of an HTTP/1.1 connection: keep-alive and pipelining, answers in the order of requests. */
final class Http1Connection extends Connection {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(Http1Connection.class);

    private static final AsciiString UNKNOWN_METHOD = AsciiString.EMPTY_STRING;

    /** How long a connection without a call stays when the listener drains: a request may be on its way to it. */
    private static final long DRAIN_IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int UPGRADE_BYTES = 256;

    /** Bytes read ahead while calls wait for their answers. */
    private static final int FIRST_PIECE = 512;

    private final ArrayDeque<Http1Call> calls = new ArrayDeque<>(4);
    private final Http1Body bodyReader;

    /** Read, and not yet used: the start of a request, or pipelined requests over the bound. */
    private @Nullable ByteBuf unused;

    private int headScanned;
    private @Nullable Http1Call receiving;
    private boolean reading;

    /** What of the body that is being received counts as held by an incomplete one. */
    private int held;

    private @Nullable Pace pace;

    /** Bytes of answers that wait for those of calls before them. */
    private long answersHeld;

    private boolean stopped;

    /** What this connection becomes when the present bytes are done with. */
    private @Nullable WebSocketConnection successor;

    private boolean draining;
    private long headSince;

    Http1Connection(Lane lane, Channel channel) {
        super(lane, channel);
        this.bodyReader = new Http1Body(lane.port.limits.bodyBytes());
    }

    @Override
    void start() {}

    @Override
    void gone() {
        ReferenceCountUtil.release(unused);
        unused = null;
        if (receiving != null) {
            receiving.cancel();
            received();
        }
        Http1Call call = calls.poll();
        while (call != null) {
            call.cancel();
            call = calls.poll();
        }
    }

    // Requests

    @Override
    void read(ByteBuf bytes) {
        ByteBuf before = unused;
        if (before == null) {
            requests(bytes, false);
            return;
        }
        unused = null;
        before.writeBytes(bytes);
        bytes.release();
        requests(before, true);
    }

    /** Takes over the bytes; keeps what cannot be used yet. */
    private void requests(ByteBuf in, boolean own) {
        reading = true;
        try {
            while (!stopped && isOpen() && in.isReadable() && mayRead() && request(in)) {
                headScanned = 0;
            }
        } catch (ProtocolException e) {
            refuse(e.reason(), String.valueOf(e.getMessage()));
        } finally {
            reading = false;
        }
        WebSocketConnection next = successor;
        keep(in, own);
        if (next == null) {
            setReading(!isOpen() || mayRead());
        } else {
            successor = null;
            next.take(this);
        }
    }

    private void keep(ByteBuf in, boolean own) {
        if (!in.isReadable() || stopped || !isOpen()) {
            in.release();
            headSince = 0;
            return;
        }
        if (own && in.refCnt() == 1) {
            unused = in.discardReadBytes(); // which a body that lies in it would not survive
        } else {
            unused = channel.alloc().buffer(in.readableBytes() + FIRST_PIECE).writeBytes(in);
            in.release();
        }
        if (receiving == null && mayRead() && headSince == 0) {
            headSince = loop.nanoTime();
        }
    }

    private void setReading(boolean on) {
        if (channel.config().isAutoRead() != on) {
            channel.config().setAutoRead(on);
        }
    }

    private boolean mayRead() {
        return calls.size() < port.limits.pipelined() && mayWrite();
    }

    /** Reads what it can of one request; false if more bytes are needed. */
    private boolean request(ByteBuf in) throws ProtocolException {
        Http1Call call = receiving;
        if (call == null) {
            int length = headLength(in);
            if (length < 0) {
                return false;
            }
            headSince = 0;
            call = begin(Http1Head.read(in, length, port.limits.headers()));
        }
        if (!bodyReader.read(in, call)) {
            int more = call.received - held;
            if (!port.mayReceive(more)) {
                throw new ProtocolException(Reason.OVERLOADED, "too many bytes of bodies that are not complete");
            }
            held += more;
            port.receive(more);
            return false;
        }
        received();
        if (WebSocketUpgrade.isAsked(call) && port.handler.isStream(call.path())) {
            upgrade(call, in);
        } else {
            complete(call);
        }
        return true;
    }

    /** Makes the connection a WebSocket; the phone waits for that before it sends more. */
    private void upgrade(Http1Call call, ByteBuf in) throws ProtocolException {
        if (!WebSocketUpgrade.isVersion(call)) {
            call.dropBody();
            HeaderList headers = new HeaderList(4).add(WebSocketUpgrade.VERSION_NAME, WebSocketUpgrade.VERSION);
            end(HttpResponseStatus.UPGRADE_REQUIRED.code(), headers, Unpooled.EMPTY_BUFFER);
            return;
        }
        String accept = WebSocketUpgrade.accept(call.headers);
        if (call.received > 0 || !calls.isEmpty() || in.isReadable() || draining) {
            call.dropBody();
            throw new ProtocolException(
                    draining ? Reason.DRAINING : Reason.MALFORMED_FRAME,
                    "WebSocket: asked for with a body, behind or before other calls, or of an edge that leaves");
        }
        stopped = true;
        WebSocketUpgrade.write(out(UPGRADE_BYTES), accept);
        successor = new WebSocketConnection(call);
    }

    /** Nothing is being received any more. */
    private void received() {
        receiving = null;
        pace = null;
        port.receive(-held);
        held = 0;
    }

    private int headLength(ByteBuf in) throws ProtocolException {
        int start = in.readerIndex();
        int end = in.writerIndex();
        int at = start + headScanned;
        while (true) {
            int lineFeed = in.indexOf(at, end, (byte) '\n');
            if (lineFeed < 0) {
                if (end - start > port.limits.headerBytes()) {
                    throw new ProtocolException(Reason.HEADERS_TOO_LARGE, tooLargeHead());
                }
                headScanned = at - start;
                return -1;
            }
            if (lineFeed + 1 - start > port.limits.headerBytes()) {
                throw new ProtocolException(Reason.HEADERS_TOO_LARGE, tooLargeHead());
            }
            if (lineFeed - at <= 1) {
                // An empty line, or a bare LF that the head's reader will refuse.
                return lineFeed + 1 - start;
            }
            at = lineFeed + 1;
        }
    }

    private String tooLargeHead() {
        return "request line and headers over the limit of " + port.limits.headerBytes() + " bytes";
    }

    private Http1Call begin(Http1Head head) throws ProtocolException {
        Http1Call call = new Http1Call(this, head.method(), head.target(), head.headers(), activeNanos);
        call.last = !head.keepAlive();
        receiving = call;
        bodyReader.start(head.length());
        if (head.expectsContinue()) {
            Http1Answers.goOn(out(Http1Answers.CONTINUE_BYTES));
        }
        return call;
    }

    private void complete(Http1Call call) {
        call.arrivedNanos = activeNanos;
        call.handedOver = true;
        stopped = call.last;
        calls.add(call);
        port.meters.called(port.side);
        try {
            port.handler.handle(call);
        } catch (RuntimeException e) {
            LOG.error("a call's handler failed", e);
            if (!call.answered) {
                port.meters.refused(port.side, Reason.INTERNAL);
                Refusals.Refusal refusal = Refusals.of(Reason.INTERNAL, "the gateway failed", false);
                call.answer(refusal.status(), refusal.headers(), refusal.body(), null);
            }
        }
    }

    /** Answers what is no request, after the calls before it, and ends: where the next one begins is not known. */
    private void refuse(Reason reason, String message) {
        if (reason == Reason.MALFORMED_FRAME) {
            ended(ConnectionEnd.MALFORMED_HTTP1);
        }
        port.meters.refused(port.side, reason);
        Refusals.Refusal refusal = Refusals.of(reason, message, false);
        end(refusal.status(), refusal.headers(), refusal.body());
    }

    /** Answers a request that came too slowly, so that the phone knows that it was not served. */
    private void timeOut(ConnectionEnd cause) {
        ended(cause);
        headSince = 0;
        ReferenceCountUtil.release(unused);
        unused = null;
        end(HttpResponseStatus.REQUEST_TIMEOUT.code(), new HeaderList(4), Unpooled.EMPTY_BUFFER);
    }

    /** The last answer: to the request that is being received, or to what was to become one. */
    private void end(int status, HeaderList headers, ByteBuf body) {
        Http1Call call = receiving;
        if (call == null) {
            call = new Http1Call(this, UNKNOWN_METHOD, "", new HeaderList(4), activeNanos);
        }
        received();
        call.dropBody();
        call.last = true;
        stopped = true;
        calls.add(call);
        call.answer(status, headers, body, null);
    }

    // Answers

    /** A call was answered, with so many bytes: writes what is its turn now. */
    void answered(int bytes) {
        answersHeld += bytes;
        Http1Call call = calls.peek();
        while (call != null && call.answered && isOpen()) {
            calls.poll();
            write(call);
            call = calls.peek();
        }
        if (isOpen() && answersHeld + channel.bytesBeforeWritable() > port.limits.queuedBytes()) {
            abort(ConnectionEnd.QUEUE_FULL);
        }
        activeNanos = loop.nanoTime();
        if (!reading) {
            goOnReading();
        }
    }

    private void write(Http1Call call) {
        call.closed = true;
        ByteBuf body = call.answerBody;
        call.answerBody = null;
        if (body == null) {
            return;
        }
        answersHeld -= body.readableBytes();
        boolean close = call.last || draining;
        boolean head = call.method.contentEquals("HEAD");
        Http1Answers.head(
                out(Http1Answers.bound(call.answerHeaders)),
                call.status,
                call.answerHeaders,
                body.readableBytes(),
                head,
                close);
        if (head || Http1Answers.isBodiless(call.status)) {
            body.release();
        } else {
            write(body);
        }
        if (close) {
            if (draining) {
                ended(ConnectionEnd.DRAINED);
            }
            linger();
        }
    }

    private void goOnReading() {
        if (!isOpen()) {
            ReferenceCountUtil.release(unused);
            unused = null;
            return;
        }
        ByteBuf in = unused;
        if (in != null && mayRead()) {
            unused = null;
            requests(in, true);
        } else {
            setReading(mayRead());
        }
    }

    @Override
    void writable() {
        if (!reading) {
            goOnReading();
        }
    }

    // Time

    @Override
    void check(long now) {
        if (headSince != 0 && now - headSince > port.headerNanos) {
            timeOut(ConnectionEnd.HEADER_TIMEOUT);
        } else if (receiving != null && isSlow(receiving, now)) {
            timeOut(ConnectionEnd.BODY_TIMEOUT);
        } else if (calls.isEmpty() && receiving == null) {
            if (draining && now - activeNanos > DRAIN_IDLE_NANOS) {
                ended(ConnectionEnd.DRAINED);
                closeAfterFlush();
            } else if (now - activeNanos > port.idleNanos) {
                abort(ConnectionEnd.IDLE);
            }
        }
    }

    private boolean isSlow(Http1Call call, long now) {
        if (pace == null) {
            pace = new Pace(call.startedNanos, 0);
        }
        // What we do not read for now cannot come.
        return channel.config().isAutoRead() && pace.isSlow(now, call.received, port.bodyNanos, port.bytesPerSecond);
    }

    @Override
    void drain() {
        draining = true;
    }
}
