package io.rialto.gateway.transport;

import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Headers;

/** One connection's HPACK decoder, which reads into the loop's {@link RequestFields}. */
final class RequestDecoder extends DefaultHttp2HeadersDecoder {
    final RequestFields.Seen seen = new RequestFields.Seen();
    private final RequestFields fields;

    RequestDecoder(RequestFields fields) {
        // The limits of lists are RequestFields' own: past them it keeps nothing, and needs no exception to say so.
        super(false, false, Http2CodecUtil.MAX_HEADER_LIST_SIZE);
        this.fields = fields;
    }

    @Override
    protected Http2Headers newHeaders() {
        return fields;
    }
}
