package io.rialto.client.fake;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.rialto.protocol.Acceptance;
import io.rialto.protocol.ContentDigest;
import io.rialto.protocol.DeviceKeys;
import io.rialto.protocol.Handshake;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.SignatureInput;
import io.rialto.protocol.Signatures;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One cell's gateway: HTTP/1.1 on a free port of loopback. */
final class FakeGateway implements AutoCloseable {
    private static final long WINDOW_SECONDS = 120;
    private static final String SEALED = "application/rialto-sealed";

    private final FakePlatform platform;
    private final String cell;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<String> accepted = ConcurrentHashMap.newKeySet();
    private volatile String edge = "";

    FakeGateway(FakePlatform platform, String cell) throws IOException {
        this.platform = platform;
        this.cell = cell;
        newEdge();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    void newEdge() {
        edge = cell + "/" + cell + "-1/" + Long.toHexString(platform.random.nextLong());
        accepted.clear();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            platform.count(path);
            Fault fault = platform.fault(path);
            if (fault instanceof Fault.DropBefore) {
                return; // closing without an answer ends the connection
            }
            if (fault instanceof Fault.Refuse refuse) {
                send(exchange, FakeAnswer.refusal(refuse.reason()));
                return;
            }
            if (fault instanceof Fault.RefuseWith refuse) {
                send(exchange, FakeAnswer.refusal(refuse.reason()).with(refuse.name(), refuse.value()));
                return;
            }
            try {
                switch (path) {
                    case "/rialto/edge" -> send(exchange, about());
                    case "/rialto.Device/Enrol" -> send(exchange, enrol(exchange, body));
                    case "/rialto.Seal/Open" -> send(exchange, open(body));
                    default -> call(exchange, path.substring(1), body, fault);
                }
            } catch (ProtocolException e) {
                send(exchange, FakeAnswer.refusal(e.reason()));
            }
        }
    }

    private FakeAnswer about() {
        return FakeAnswer.json("{\"edge\":\"" + edge + "\",\"cell\":\"" + cell + "\",\"time\":" + nowMillis() / 1000
                + ",\"server-keys\":[]}");
    }

    private long nowMillis() {
        return System.currentTimeMillis() + platform.offsetMillis;
    }

    private FakeAnswer enrol(HttpExchange exchange, byte[] body) throws ProtocolException {
        SignatureInput input = SignatureInput.parse(required(exchange, "signature-input"), "rialto");
        String keyId = input.keyId() == null ? "" : input.keyId();
        check(keyId.startsWith("enrol:"), Reason.WRONG_SIGNATURE);
        byte[] point = Base64.getUrlDecoder().decode(keyId.substring("enrol:".length()));
        verify(exchange, input, body, SignatureAlgorithm.ECDSA_P256_SHA256, point);
        String credential = "credential-" + platform.ids.incrementAndGet();
        platform.pointsByCredential.put(credential, point);
        return FakeAnswer.json("{\"device\":\"" + DeviceKeys.deviceId("wallet", point) + "\",\"credential\":\""
                + credential + "\",\"expires\":" + (nowMillis() / 1000 + 86_400) + "}");
    }

    private FakeAnswer open(byte[] body) throws ProtocolException {
        Handshake.Server handshake = Handshake.open(body, platform.keys::get, platform.random);
        check(handshake.offer().edge().equals(edge), Reason.WRONG_EDGE);
        check(Math.abs(handshake.offer().timeMillis() - nowMillis()) <= WINDOW_SECONDS * 1000, Reason.STALE_CALL);
        byte[] point = platform.pointsByCredential.get(handshake.offer().credential());
        if (point == null) {
            throw refuse(Reason.EXPIRED_CREDENTIAL);
        }
        check(handshake.signedBy(point), Reason.WRONG_SIGNATURE);
        check(accepted.add(Base64.getEncoder().encodeToString(handshake.offer().nonce())), Reason.REPLAYED_CALL);
        String session = handshake.offer().session();
        String jwt = handshake.offer().jwt();
        String user = session != null ? platform.usersBySession.get(session) : jwt;
        check(session == null || user != null, Reason.EXPIRED_SESSION);
        String ticket = "ticket-" + platform.ids.incrementAndGet();
        platform.tickets.put(
                ticket, new FakePlatform.Ticket(handshake.keys(), DeviceKeys.deviceId("wallet", point), user));
        byte[] answer = handshake.answer(new Acceptance(
                ticket,
                nowMillis() / 1000 + platform.sessionSeconds,
                nowMillis(),
                edge,
                user == null ? "" : user,
                platform.nextKeys));
        return new FakeAnswer(200, Map.of("content-type", "application/rialto-handshake"), answer, null);
    }

    private void call(HttpExchange exchange, String operation, byte[] body, @Nullable Fault fault)
            throws IOException, ProtocolException {
        boolean sealed = SEALED.equals(header(exchange, "content-type"));
        FakePlatform.Ticket ticket = header(exchange, HeaderNames.TICKET) == null ? null : ticket(exchange);
        long counter = 0;
        byte[] message = body;
        String device = ticket == null ? null : ticket.device();
        String user = ticket == null ? null : ticket.user();
        if (sealed) {
            FakePlatform.Ticket required = ticket(exchange);
            counter = Long.parseLong(required(exchange, HeaderNames.COUNTER));
            message = opened(exchange, required, counter, body);
        } else if (header(exchange, "signature-input") != null) {
            SignatureInput input = SignatureInput.parse(required(exchange, "signature-input"), "rialto");
            if (ticket != null) {
                verify(
                        exchange,
                        input,
                        body,
                        SignatureAlgorithm.HMAC_SHA256,
                        ticket.keys().mac());
            } else {
                byte[] point = platform.pointsByCredential.get(required(exchange, HeaderNames.CREDENTIAL));
                if (point == null) {
                    throw refuse(Reason.EXPIRED_CREDENTIAL);
                }
                verify(exchange, input, body, SignatureAlgorithm.ECDSA_P256_SHA256, point);
                device = DeviceKeys.deviceId("wallet", point);
                String session = header(exchange, HeaderNames.SESSION);
                user = session == null ? null : platform.usersBySession.get(session);
                check(session == null || user != null, Reason.EXPIRED_SESSION);
                String bearer = header(exchange, "authorization");
                user = bearer == null ? user : bearer.substring("Bearer ".length());
            }
        }
        FakeAnswer answer = run(exchange, operation, device, user, message, fault);
        if (fault instanceof Fault.DropAfter) {
            return;
        }
        if (fault instanceof Fault.InTheClear) {
            send(exchange, FakeAnswer.json("{\"forged\":true}"));
        } else if (sealed) {
            send(exchange, sealed(ticket(exchange), counter, answer, fault instanceof Fault.Tamper));
        } else {
            send(exchange, answer);
        }
    }

    private FakeAnswer run(
            HttpExchange exchange,
            String operation,
            @Nullable String device,
            @Nullable String user,
            byte[] message,
            @Nullable Fault fault) {
        Function<FakeCall, FakeAnswer> handler = platform.handlers.get(operation);
        if (fault instanceof Fault.Answer instead) {
            return instead.answer();
        }
        if (handler == null) {
            return FakeAnswer.refusal(Reason.UNKNOWN_OPERATION);
        }
        String home = user == null ? null : platform.cellsByUser.get(user);
        Map<String, String> covered = new HashMap<>();
        for (String name : Seal.callHeaders()) {
            String value = header(exchange, name);
            if (value != null) {
                covered.put(name, value);
            }
        }
        FakeCall call = new FakeCall(operation, cell, home == null ? cell : home, device, user, covered, message);
        platform.handled.add(call);
        FakeAnswer answer = handler.apply(call);
        if (fault instanceof Fault.Slow slow) {
            try {
                platform.closed.await(slow.time().toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (answer.bindUser() != null) {
            String session = "session-" + platform.ids.incrementAndGet();
            platform.usersBySession.put(session, answer.bindUser());
            answer = answer.with(HeaderNames.SESSION, session);
            home = platform.cellsByUser.get(answer.bindUser());
        }
        if (home != null && !answer.headers().containsKey(HeaderNames.CELL)) {
            answer = answer.with(
                    HeaderNames.CELL,
                    home + ";shard=61;epoch=" + platform.epoch + ";at="
                            + platform.gatewayOf(home).uri());
        }
        return answer;
    }

    private byte[] opened(HttpExchange exchange, FakePlatform.Ticket ticket, long counter, byte[] body)
            throws ProtocolException {
        check(edge.equals(header(exchange, HeaderNames.EDGE)), Reason.WRONG_EDGE);
        long time = Long.parseLong(required(exchange, HeaderNames.TIME));
        check(Math.abs(time - nowMillis() / 1000) <= WINDOW_SECONDS, Reason.STALE_CALL);
        byte[] message = new Seal()
                .openCall(
                        Seal.key(ticket.keys().toServer()),
                        counter,
                        exchange.getRequestMethod(),
                        exchange.getRequestURI().getRawPath(),
                        name -> header(exchange, name),
                        body,
                        0,
                        body.length);
        check(accepted.add(header(exchange, HeaderNames.TICKET) + " " + counter), Reason.REPLAYED_CALL);
        platform.counters.add(counter);
        return message;
    }

    private FakeAnswer sealed(FakePlatform.Ticket ticket, long counter, FakeAnswer answer, boolean tamper) {
        Map<String, String> headers = new HashMap<>(answer.headers());
        String contentType = headers.remove("content-type");
        if (contentType != null) {
            headers.put(HeaderNames.CONTENT_TYPE, contentType);
        }
        byte[] body = new Seal()
                .sealAnswer(
                        Seal.key(ticket.keys().toClient()),
                        counter,
                        answer.status(),
                        headers::get,
                        answer.body(),
                        0,
                        answer.body().length);
        if (tamper) {
            body[0] ^= 1;
        }
        headers.put("content-type", SEALED);
        return new FakeAnswer(answer.status(), headers, body, null);
    }

    private FakePlatform.Ticket ticket(HttpExchange exchange) throws ProtocolException {
        FakePlatform.Ticket ticket = platform.tickets.get(required(exchange, HeaderNames.TICKET));
        if (ticket == null) {
            throw refuse(Reason.EXPIRED_TICKET);
        }
        return ticket;
    }

    private void verify(
            HttpExchange exchange, SignatureInput input, byte[] body, SignatureAlgorithm algorithm, byte[] key)
            throws ProtocolException {
        check(input.covers("@method") && input.covers("@path"), Reason.WRONG_SIGNATURE);
        check(input.covers(HeaderNames.EDGE) && input.covers("content-digest"), Reason.WRONG_SIGNATURE);
        for (String name : new String[] {
            "content-type", "authorization", HeaderNames.CREDENTIAL, HeaderNames.SESSION, HeaderNames.IDEMPOTENCY_KEY
        }) {
            check(header(exchange, name) == null || input.covers(name), Reason.WRONG_SIGNATURE);
        }
        check(edge.equals(header(exchange, HeaderNames.EDGE)), Reason.WRONG_EDGE);
        check(Math.abs(input.created() - nowMillis() / 1000) <= WINDOW_SECONDS, Reason.STALE_CALL);
        check(ContentDigest.matches(required(exchange, "content-digest"), body, 0, body.length), Reason.TAMPERED_BODY);
        byte[] base = Signatures.base(input, new ExchangeMessage(exchange));
        byte[] signature = input.signatureIn(required(exchange, "signature"));
        check(Signatures.verify(algorithm, key, base, signature), Reason.WRONG_SIGNATURE);
        // Under a ticket it is the session's counter, and other sessions have the same.
        String owner = Objects.toString(header(exchange, HeaderNames.TICKET), "");
        check(accepted.add("nonce " + input.nonce() + " " + owner), Reason.REPLAYED_CALL);
    }

    private void send(HttpExchange exchange, FakeAnswer answer) throws IOException {
        answer.headers().forEach(exchange.getResponseHeaders()::set);
        exchange.getResponseHeaders().set(HeaderNames.EDGE, edge);
        exchange.getResponseHeaders().set(HeaderNames.TIME, Long.toString(nowMillis() / 1000));
        exchange.sendResponseHeaders(answer.status(), answer.body().length == 0 ? -1 : answer.body().length);
        exchange.getResponseBody().write(answer.body());
        exchange.getResponseBody().close();
    }

    static @Nullable String header(HttpExchange exchange, String name) {
        return exchange.getRequestHeaders().getFirst(name);
    }

    private static String required(HttpExchange exchange, String name) throws ProtocolException {
        String value = header(exchange, name);
        if (value == null) {
            throw new ProtocolException(Reason.IDENTITY_REQUIRED, name + ": missing");
        }
        return value;
    }

    private static void check(boolean holds, Reason reason) throws ProtocolException {
        if (!holds) {
            throw refuse(reason);
        }
    }

    private static ProtocolException refuse(Reason reason) {
        return new ProtocolException(reason, "refused by the fake platform");
    }
}
