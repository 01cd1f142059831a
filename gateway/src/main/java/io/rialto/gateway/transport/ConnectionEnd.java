package io.rialto.gateway.transport;

import io.netty.handler.codec.http2.Http2Error;
import java.util.Locale;

/** Why a transport ended or refused a connection itself; one counter each. */
public enum ConnectionEnd {
    /** The listener has as many connections as it may. */
    CONNECTION_LIMIT(Http2Error.NO_ERROR),
    /** One remote address has as many connections as it may. */
    ADDRESS_LIMIT(Http2Error.NO_ERROR),
    TLS_FAILED(Http2Error.NO_ERROR),
    HANDSHAKE_TIMEOUT(Http2Error.NO_ERROR),
    /** A request's head, or a frame, did not arrive in time. */
    HEADER_TIMEOUT(Http2Error.NO_ERROR),
    /** A body came slower than the least rate. */
    BODY_TIMEOUT(Http2Error.ENHANCE_YOUR_CALM),
    /** The phone did not take an answer in time: it does not read, or keeps its windows closed. */
    ANSWER_STALLED(Http2Error.ENHANCE_YOUR_CALM),
    IDLE(Http2Error.NO_ERROR),
    DRAINED(Http2Error.NO_ERROR),
    /** Not HTTP/1.1, or a request that two readers could frame differently. */
    MALFORMED_HTTP1(Http2Error.NO_ERROR),
    /** Not a WebSocket's frames: unmasked, too long, or against RFC 6455 otherwise. */
    MALFORMED_WEBSOCKET(Http2Error.NO_ERROR),
    HTTP2_PROTOCOL(Http2Error.PROTOCOL_ERROR),
    HTTP2_FRAME_SIZE(Http2Error.FRAME_SIZE_ERROR),
    HTTP2_COMPRESSION(Http2Error.COMPRESSION_ERROR),
    HTTP2_FLOW_CONTROL(Http2Error.FLOW_CONTROL_ERROR),
    /** Streams opened and reset, or made to be reset, too often. */
    RESET_FLOOD(Http2Error.ENHANCE_YOUR_CALM),
    CONTINUATION_FLOOD(Http2Error.ENHANCE_YOUR_CALM),
    /** Too many SETTINGS, PING, PRIORITY and unknown frames. */
    CONTROL_FLOOD(Http2Error.ENHANCE_YOUR_CALM),
    /** Too many frames without content. */
    EMPTY_FRAME_FLOOD(Http2Error.ENHANCE_YOUR_CALM),
    /** Windows opened by a few bytes at a time, or more often than anything was sent. */
    WINDOW_FLOOD(Http2Error.ENHANCE_YOUR_CALM),
    /** A header block over the limit as it is on the wire. */
    HEADER_BOMB(Http2Error.ENHANCE_YOUR_CALM),
    /** More bytes of answers wait than the limit allows. */
    QUEUE_FULL(Http2Error.ENHANCE_YOUR_CALM),
    /** A bug of ours. */
    INTERNAL(Http2Error.INTERNAL_ERROR);

    private final Http2Error http2Error;
    private final String label;

    ConnectionEnd(Http2Error http2Error) {
        this.http2Error = http2Error;
        this.label = name().toLowerCase(Locale.ROOT);
    }

    /** The code that an HTTP/2 phone is told in GOAWAY. */
    public Http2Error http2Error() {
        return http2Error;
    }

    /** The name in counters and logs, such as {@code reset_flood}. */
    public String label() {
        return label;
    }
}
