package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;

/**
 * One call to a service's backend, framed for HTTP; an upstream that speaks gRPC adds and takes off gRPC's own framing.
 *
 * @param loop where it runs and where its outcome arrives
 * @param path path with query
 * @param headers without connection-level fields; {@code content-type} says the codec ({@code application/json} or
 *     {@code application/proto})
 * @param body the message; the upstream takes it over
 * @param timeoutNanos for all tries together, above 0
 * @param repeatable whether it may be sent again after a backend may have seen it
 */
public record OutboundCall(
        EventLoop loop,
        AsciiString method,
        String path,
        HeaderList headers,
        ByteBuf body,
        long timeoutNanos,
        boolean repeatable) {}
