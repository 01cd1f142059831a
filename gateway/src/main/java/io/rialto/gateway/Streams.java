package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.config.OperationConfig.Auth;
import io.rialto.gateway.config.OperationConfig.Route;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.transport.InboundStream;
import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/** The calls that become devices' streams: docs/protocol.md, "Streams". */
final class Streams implements OwnOperation {
    private final DeviceStreams streams;
    private final AsciiString self;
    private final GatewayPorts ports;

    Streams(DeviceStreams streams, GatewayPorts ports) {
        this.streams = streams;
        this.ports = ports;
        this.self = AsciiString.cached(ports.self().toString());
    }

    static OperationConfig config() {
        return OperationConfig.of(DeviceStreams.PATH.substring(1), "", Auth.DEVICE, Route.USER)
                .withMaxBodyBytes(DeviceStream.MAX_MESSAGE);
    }

    @Override
    public boolean isStream() {
        return true;
    }

    /**
     * What the first message is wrapped in. Over HTTP/2 it has gRPC's prefix: signed it stays there, as the signature is
     * over it; sealed it goes, as the seal is inside of it.
     */
    static void frame(Exchange x, InboundStream stream) throws ProtocolException {
        AsciiString type = x.headers.get(Names.CONTENT_TYPE);
        boolean sealed = type != null && type.contentEquals(Names.SEALED);
        if (!sealed) {
            requireGrpc(type);
        }
        if (stream.prefixed()) {
            if (sealed) {
                GrpcFrames.isCompressed(x.body);
            } else {
                x.framing = Exchange.Framing.GRPC;
            }
        }
        x.codec = Names.PROTO;
    }

    static void requireGrpc(@Nullable AsciiString type) throws ProtocolException {
        if (type == null || !type.contentEquals(Names.GRPC) && !type.contentEquals("application/grpc+proto")) {
            throw new ProtocolException(
                    Reason.UNSUPPORTED_MEDIA,
                    "content-type: " + type
                            + " (expected: application/grpc, or application/rialto-sealed with it inside)");
        }
    }

    /** Only a call with a stream can become one, and that of a device. */
    static void require(Exchange x) throws ProtocolException {
        if (x.call.stream() == null) {
            throw new ProtocolException(
                    Reason.UNSUPPORTED_MEDIA,
                    x.call.path()
                            + " (expected: a stream, of application/grpc or application/rialto-sealed over HTTP/2,"
                            + " or by WebSocket)");
        }
        if (x.identity.device() == null || x.identity.caller() != null) {
            throw new ProtocolException(Reason.IDENTITY_REQUIRED, x.call.path() + " (expected: of an enrolled device)");
        }
        if (x.headers.contains(Names.CONTENT_ENCODING)) {
            throw new ProtocolException(Reason.UNSUPPORTED_MEDIA, "content-encoding (expected: none on a stream)");
        }
    }

    @Override
    public Step.Progress invoke(Exchange x) throws ProtocolException {
        InboundStream stream = x.call.stream();
        String app = x.identity.app();
        String device = x.identity.device();
        if (stream == null || app == null || device == null) {
            throw new ProtocolException(Reason.INTERNAL, "a call that is no stream came to streams");
        }
        byte[] hello = x.bodyBytes();
        LiveStream live = new LiveStream(x, stream);
        StreamCaller caller = new StreamCaller(
                app,
                device,
                x.identity.user(),
                x.place == null ? Caller.NO_SHARD : x.place.shard(),
                x.place == null ? 0 : x.place.epoch(),
                CallerContext.locale(x),
                x.session != null);
        if (x.end()) {
            ports.meters()
                    .answered(
                            DeviceStreams.PATH.substring(1),
                            200,
                            ports.nanoTime().getAsLong() - x.call.arrivedNanos());
            stream.begin(headers(x), live);
            live.open(streams, caller, hello);
        }
        return Step.Progress.ANSWERED;
    }

    private HeaderList headers(Exchange x) {
        HeaderList headers = new HeaderList(4)
                .add(Names.CONTENT_TYPE, x.session == null ? Names.GRPC : Names.SEALED)
                .add(Names.EDGE, self)
                .add(Names.TIME, x.local.time(x.nowMillis));
        return x.session == null ? headers : headers.add(Names.SEALED_CONTENT_TYPE, Names.GRPC);
    }
}
