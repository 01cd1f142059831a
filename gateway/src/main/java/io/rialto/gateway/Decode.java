package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.gateway.transport.InboundStream;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.ServerKeyPair;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What kind of request it is. Calls go on, with their framing and codec known; requests that are no calls (health,
 * metrics, the edge's name, the directory, DNS, browsers' preflights) are answered here, so that they are under overload too.
 */
final class Decode implements Step {
    private static final AsciiString TEXT = AsciiString.cached("text/plain; version=0.0.4; charset=utf-8");

    /** Short, as addresses change; stale is better than none, as whoever is asked there refuses or forwards. */
    private static final AsciiString PUBLIC_MINUTE =
            AsciiString.cached("public, max-age=60, stale-while-revalidate=86400, stale-if-error=86400");

    /** Caches on the way do not know the client's network. */
    private static final AsciiString PRIVATE_MINUTE =
            AsciiString.cached("private, max-age=60, stale-while-revalidate=86400, stale-if-error=86400");

    private final GatewayPorts ports;

    private final OffLoop offLoop;
    private final DnsQueries dns;

    Decode(GatewayPorts ports, OffLoop offLoop) {
        this.ports = ports;
        this.offLoop = offLoop;
        this.dns = new DnsQueries(ports);
    }

    @Override
    public Progress take(Exchange x) throws ProtocolException {
        AsciiString method = x.call.method();
        if (method.contentEquals(Names.POST)) {
            if (x.call.path().equals(DnsQueries.PATH)) {
                return dns.post(x);
            }
            frame(x);
            return Progress.CONTINUE;
        }
        if (method.contentEquals(Names.OPTIONS)) {
            return Cors.preflight(x);
        }
        if (method.contentEquals(Names.GET)) {
            return get(x);
        }
        throw notAllowed(method);
    }

    private Progress get(Exchange x) throws ProtocolException {
        String path = x.call.path();
        if (x.call.listener() == InboundCall.Listener.INTERNAL) {
            switch (path) {
                case "/health/live" -> {
                    return text(x, 200, TEXT, "live\n");
                }
                case "/health/ready" -> {
                    boolean ready = x.gateway.isReady();
                    return text(x, ready ? 200 : 503, TEXT, ready ? "ready\n" : "not ready\n");
                }
                case "/metrics" -> {
                    return text(x, 200, TEXT, ports.metrics().get());
                }
                default -> {}
            }
        }
        if (path.equals("/rialto/edge")) {
            return text(x, 200, Names.JSON, edge(x));
        }
        Directory directory = x.state.directory;
        if (path.equals(Directory.PATH) && directory != null) {
            return directory(x, directory);
        }
        if (path.equals(DnsQueries.PATH)) {
            return dns.get(x);
        }
        if (x.body.isReadable()) {
            throw notAllowed(x.call.method());
        }
        AsciiString accept = x.headers.get(Names.ACCEPT);
        x.codec = accept != null && accept.contentEquals(Names.PROTO) ? Names.PROTO : Names.JSON;
        return Progress.CONTINUE;
    }

    private static Progress text(Exchange x, int status, AsciiString type, String text) {
        HeaderList headers = new HeaderList(4).add(Names.CONTENT_TYPE, type);
        return x.answer(status, headers, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
    }

    private Progress directory(Exchange x, Directory directory) throws ProtocolException {
        Directory.Question question =
                directory.question(x.call.query(), x.call.remote(), CellChoice.away(x.state.table, ports));
        Directory.Answer kept = directory.kept(question);
        boolean byNetwork = !x.state.table.addresses().networks().isEmpty();
        AsciiString cached = byNetwork ? PRIVATE_MINUTE : PUBLIC_MINUTE;
        if (kept != null) {
            return give(x, kept, cached);
        }
        return offLoop.run(x, OffLoop.Kind.DIRECTORY, () -> directory.make(question), made -> give(x, made, cached));
    }

    private static Progress give(Exchange x, Directory.Answer answer, AsciiString cached) {
        HeaderList headers = new HeaderList(6)
                .add(Names.CONTENT_TYPE, Names.JSON)
                .add(Names.CACHE_CONTROL, cached)
                .add(Names.DIRECTORY_SIGNATURE, answer.signature());
        return x.answer(200, headers, Unpooled.copiedBuffer(answer.body(), StandardCharsets.UTF_8));
    }

    private String edge(Exchange x) {
        StringBuilder json = new StringBuilder("{\"edge\": \"").append(ports.self());
        json.append("\", \"cell\": \"").append(ports.self().cell());
        json.append("\", \"time\": ").append(x.nowMillis / 1000).append(", \"server-keys\": [");
        String separator = "";
        for (ServerKeyPair pair : x.state.serverKeys()) {
            json.append(separator)
                    .append("{\"suite\": ")
                    .append(pair.key().suite())
                    .append(", \"key\": \"");
            json.append(Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(pair.key().publicKey()));
            json.append("\"}");
            separator = ", ";
        }
        return json.append("]}").toString();
    }

    private static void frame(Exchange x) throws ProtocolException {
        InboundStream stream = x.call.stream();
        if (stream != null) {
            Streams.frame(x, stream);
            return;
        }
        AsciiString type = x.headers.get(Names.CONTENT_TYPE);
        if (type == null) {
            throw unsupported(null);
        }
        if (type.startsWith(Names.GRPC) && isGrpc(x, type)) {
            return;
        }
        if (!type.contentEquals(Names.SEALED) && !type.contentEquals(Names.HANDSHAKE)) {
            x.codec = codec(type);
        }
    }

    private static boolean isGrpc(Exchange x, AsciiString type) throws ProtocolException {
        CharSequence codec = type.subSequence(Names.GRPC.length());
        boolean json = AsciiString.contentEquals(codec, "+json");
        if (!codec.isEmpty() && !json && !AsciiString.contentEquals(codec, "+proto")) {
            throw unsupported(type);
        }
        if (!x.call.trailers()) {
            throw new ProtocolException(Reason.UNSUPPORTED_MEDIA, "content-type: " + type + " (expected: over HTTP/2)");
        }
        x.framing = Exchange.Framing.GRPC;
        x.codec = json ? Names.JSON : Names.PROTO;
        return true;
    }

    /** The codec of a media type, whose parameters (a charset) do not matter. */
    static AsciiString codec(@Nullable AsciiString type) throws ProtocolException {
        if (type != null) {
            int end = type.indexOf(";");
            AsciiString bare = end < 0 ? type : type.subSequence(0, end).trim();
            if (bare.contentEqualsIgnoreCase(Names.JSON)) {
                return Names.JSON;
            }
            if (bare.contentEqualsIgnoreCase(Names.PROTO)) {
                return Names.PROTO;
            }
        }
        throw unsupported(type);
    }

    private static ProtocolException unsupported(@Nullable AsciiString type) {
        return new ProtocolException(
                Reason.UNSUPPORTED_MEDIA,
                "content-type: " + type + " (expected: application/json, application/proto, application/grpc, "
                        + "application/rialto-sealed)");
    }

    private static ProtocolException notAllowed(AsciiString method) {
        return new ProtocolException(
                Reason.METHOD_NOT_ALLOWED, "method: " + method + " (expected: POST, or GET of what may be cached)");
    }
}
