package io.rialto.gateway.transport;

import io.netty.handler.codec.http2.Http2CodecUtil;

/** What a phone's SETTINGS may say (RFC 9113, section 6.5.2). */
final class Http2PeerSettings {
    /** Entries of one frame; there are seven names. Each change of windows costs a look at every stream. */
    static final int MAX_ENTRIES = 32;

    private Http2PeerSettings() {}

    /** Checks one; true for the one that matters here, the initial window. */
    static boolean isWindow(int name, long value) throws Http2Failure {
        switch (name) {
            case Http2CodecUtil.SETTINGS_ENABLE_PUSH -> {
                if (value > 1) {
                    throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "ENABLE_PUSH: " + value);
                }
            }
            case Http2CodecUtil.SETTINGS_INITIAL_WINDOW_SIZE -> {
                if (value > Integer.MAX_VALUE) {
                    throw new Http2Failure(ConnectionEnd.HTTP2_FLOW_CONTROL, "INITIAL_WINDOW_SIZE: " + value);
                }
                return true;
            }
            case Http2CodecUtil.SETTINGS_MAX_FRAME_SIZE -> {
                if (value < Http2CodecUtil.MAX_FRAME_SIZE_LOWER_BOUND
                        || value > Http2CodecUtil.MAX_FRAME_SIZE_UPPER_BOUND) {
                    throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "MAX_FRAME_SIZE: " + value);
                }
            }
            default -> {
                // Of no effect on a server that pushes nothing, has no dynamic table and sends the smallest frames.
            }
        }
        return false;
    }
}
