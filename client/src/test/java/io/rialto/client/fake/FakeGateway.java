package io.rialto.client.fake;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.rialto.client.http.GrpcFrame;
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
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One cell's gateway: HTTP/1.1, and HTTP/2 with prior knowledge, on a free port of loopback. */
final class FakeGateway implements AutoCloseable {
    private static final long WINDOW_SECONDS = 120;
    private static final String SEALED = "application/rialto-sealed";

    private final FakePlatform platform;
    private final String cell;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<String> accepted = ConcurrentHashMap.newKeySet();
    private final ServerSocket front;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile String edge = "";

    FakeGateway(FakePlatform platform, String cell) throws IOException {
        this.platform = platform;
        this.cell = cell;
        newEdge();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
        front = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        threads.execute(this::accept);
    }

    private final FakeConnection.Handler handler = new FakeConnection.Handler() {
        @Override
        public void serve(FakeConnection.Exchange exchange) throws IOException {
            FakeGateway.this.serve(exchange);
        }

        @Override
        public void serve(FakeWebSocket stream) throws IOException {
            FakeGateway.this.stream(stream);
        }

        @Override
        public boolean http2() {
            return platform.http2;
        }
    };

    URI uri() {
        return URI.create("http://127.0.0.1:" + front.getLocalPort());
    }

    void newEdge() {
        edge = cell + "/" + cell + "-1/" + Long.toHexString(platform.random.nextLong());
        accepted.clear();
    }

    @Override
    public void close() {
        try {
            front.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.stop(0);
        threads.shutdownNow();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = front.accept();
                sockets.add(socket);
                threads.execute(() -> {
                    try {
                        FakeConnection.serve(socket, server.getAddress().getPort(), threads, handler);
                    } catch (IOException e) {
                        // the phone's end, or ours
                    }
                });
            }
        } catch (IOException e) {
            // closed
        }
    }

    /** HTTP/1.1. */
    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            Map<String, String> headers = new HashMap<>();
            exchange.getRequestHeaders()
                    .forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values.get(0)));
            FakeRequest request = new FakeRequest(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().getRawPath(),
                    exchange.getRequestURI().getRawQuery(),
                    headers,
                    exchange.getRequestBody().readAllBytes());
            FakeAnswer answer = answer(request);
            if (answer != null) { // closing without an answer ends the connection
                Map<String, String> all = headers(answer);
                all.forEach(exchange.getResponseHeaders()::set);
                exchange.sendResponseHeaders(answer.status(), answer.body().length == 0 ? -1 : answer.body().length);
                exchange.getResponseBody().write(answer.body());
                exchange.getResponseBody().close();
            }
        }
    }

    /** HTTP/2. */
    private void serve(FakeConnection.Exchange exchange) throws IOException {
        if (exchange.path().equals(FakeInbox.STREAM)) {
            stream(exchange);
            return;
        }
        FakeAnswer answer = answer(exchange.request(exchange.body()));
        if (answer == null) {
            exchange.cut();
        } else {
            exchange.begin(answer.status(), headers(answer), false);
            exchange.body(answer.body());
        }
    }

    private void stream(FakeConnection.Exchange exchange) throws IOException {
        byte[] first = exchange.message();
        boolean sealed = SEALED.equals(exchange.header("content-type"));
        try {
            Caller caller = streamCaller(exchange, exchange.request(sealed ? first : GrpcFrame.of(first)));
            if (caller != null) {
                Map<String, String> headers = Map.of("content-type", sealed ? SEALED : "application/grpc");
                exchange.begin(200, headers(new FakeAnswer(200, headers, new byte[0], null)), false);
                platform.inbox().serve(new FakeStream(exchange, caller, sealed ? caller.message() : first));
            }
        } catch (ProtocolException e) {
            FakeAnswer refusal = FakeAnswer.refusal(e.reason());
            exchange.begin(refusal.status(), headers(refusal), false);
            exchange.body(refusal.body());
        }
    }

    private void stream(FakeWebSocket stream) throws IOException {
        byte[] first = stream.message();
        try {
            Caller caller = streamCaller(stream, stream.request(first));
            if (caller != null) {
                platform.webSockets.incrementAndGet();
                platform.inbox().serve(new FakeStream(stream, caller, caller.message()));
            }
        } catch (ProtocolException e) {
            FakeAnswer refusal = FakeAnswer.refusal(e.reason());
            stream.refuse(refusal, headers(refusal));
        }
    }

    /** Who opens a stream; null where it was cut instead. */
    private @Nullable Caller streamCaller(FakePipe pipe, FakeRequest request) throws ProtocolException {
        platform.count(FakeInbox.STREAM);
        Fault fault = platform.fault(FakeInbox.STREAM);
        if (fault instanceof Fault.DropBefore) {
            pipe.cut();
            return null;
        }
        if (fault instanceof Fault.Refuse refuse) {
            throw refuse(refuse.reason());
        }
        Caller caller = caller(request);
        if (caller.user() == null) {
            throw refuse(Reason.IDENTITY_REQUIRED);
        }
        return caller;
    }

    private @Nullable FakeAnswer answer(FakeRequest request) {
        platform.count(request.path());
        Fault fault = platform.fault(request.path());
        if (fault instanceof Fault.DropBefore) {
            return null;
        }
        if (fault instanceof Fault.Refuse refuse) {
            return FakeAnswer.refusal(refuse.reason());
        }
        if (fault instanceof Fault.RefuseWith refuse) {
            return FakeAnswer.refusal(refuse.reason()).with(refuse.name(), refuse.value());
        }
        try {
            return switch (request.path()) {
                case "/rialto/edge" -> about();
                case "/rialto.Device/Enrol" -> enrol(request);
                case "/rialto.Seal/Open" -> open(request.body());
                default -> call(request, fault);
            };
        } catch (ProtocolException e) {
            return FakeAnswer.refusal(e.reason());
        }
    }

    private FakeAnswer about() {
        return FakeAnswer.json("{\"edge\":\"" + edge + "\",\"cell\":\"" + cell + "\",\"time\":" + nowMillis() / 1000
                + ",\"server-keys\":[]}");
    }

    private long nowMillis() {
        return System.currentTimeMillis() + platform.offsetMillis;
    }

    private FakeAnswer enrol(FakeRequest request) throws ProtocolException {
        SignatureInput input = SignatureInput.parse(request.required("signature-input"), "rialto");
        String keyId = input.keyId() == null ? "" : input.keyId();
        check(keyId.startsWith("enrol:"), Reason.WRONG_SIGNATURE);
        byte[] point = Base64.getUrlDecoder().decode(keyId.substring("enrol:".length()));
        verify(request, input, SignatureAlgorithm.ECDSA_P256_SHA256, point);
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

    /**
     * Who calls, as the request shows.
     *
     * @param ticket of a sealed request, else null
     * @param message what was sealed, or came
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Caller(
            @Nullable String device,
            @Nullable String user,
            FakePlatform.@Nullable Ticket ticket,
            long counter,
            byte[] message) {}

    private Caller caller(FakeRequest request) throws ProtocolException {
        FakePlatform.Ticket ticket = request.header(HeaderNames.TICKET) == null ? null : ticket(request);
        if (SEALED.equals(request.header("content-type"))) {
            FakePlatform.Ticket required = ticket(request);
            long counter = Long.parseLong(request.required(HeaderNames.COUNTER));
            byte[] message = opened(request, required, counter);
            return new Caller(required.device(), required.user(), required, counter, message);
        }
        if (request.header("signature-input") == null) {
            return new Caller(null, null, null, 0, request.body());
        }
        SignatureInput input = SignatureInput.parse(request.required("signature-input"), "rialto");
        if (ticket != null) {
            verify(request, input, SignatureAlgorithm.HMAC_SHA256, ticket.keys().mac());
            return new Caller(ticket.device(), ticket.user(), null, 0, request.body());
        }
        byte[] point = platform.pointsByCredential.get(request.required(HeaderNames.CREDENTIAL));
        if (point == null) {
            throw refuse(Reason.EXPIRED_CREDENTIAL);
        }
        verify(request, input, SignatureAlgorithm.ECDSA_P256_SHA256, point);
        String session = request.header(HeaderNames.SESSION);
        String user = session == null ? null : platform.usersBySession.get(session);
        check(session == null || user != null, Reason.EXPIRED_SESSION);
        String bearer = request.header("authorization");
        user = bearer == null ? user : bearer.substring("Bearer ".length());
        return new Caller(DeviceKeys.deviceId("wallet", point), user, null, 0, request.body());
    }

    private @Nullable FakeAnswer call(FakeRequest request, @Nullable Fault fault) throws ProtocolException {
        Caller caller = caller(request);
        FakeAnswer answer = run(request, caller, fault);
        if (fault instanceof Fault.DropAfter) {
            return null;
        }
        if (fault instanceof Fault.InTheClear) {
            return FakeAnswer.json("{\"forged\":true}");
        }
        FakePlatform.Ticket ticket = caller.ticket();
        return ticket == null ? answer : sealed(ticket, caller.counter(), answer, fault instanceof Fault.Tamper);
    }

    private FakeAnswer run(FakeRequest request, Caller caller, @Nullable Fault fault) {
        String operation = request.path().substring(1);
        String user = caller.user();
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
            String value = request.header(name);
            if (value != null) {
                covered.put(name, value);
            }
        }
        FakeCall call = new FakeCall(
                operation, cell, home == null ? cell : home, caller.device(), user, covered, caller.message());
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

    private byte[] opened(FakeRequest request, FakePlatform.Ticket ticket, long counter) throws ProtocolException {
        byte[] body = request.body();
        check(edge.equals(request.header(HeaderNames.EDGE)), Reason.WRONG_EDGE);
        long time = Long.parseLong(request.required(HeaderNames.TIME));
        check(Math.abs(time - nowMillis() / 1000) <= WINDOW_SECONDS, Reason.STALE_CALL);
        byte[] message = new Seal()
                .openCall(
                        Seal.key(ticket.keys().toServer()),
                        counter,
                        request.method(),
                        request.path(),
                        request::header,
                        body,
                        0,
                        body.length);
        check(accepted.add(request.header(HeaderNames.TICKET) + " " + counter), Reason.REPLAYED_CALL);
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

    private FakePlatform.Ticket ticket(FakeRequest request) throws ProtocolException {
        FakePlatform.Ticket ticket = platform.tickets.get(request.required(HeaderNames.TICKET));
        if (ticket == null) {
            throw refuse(Reason.EXPIRED_TICKET);
        }
        return ticket;
    }

    private void verify(FakeRequest request, SignatureInput input, SignatureAlgorithm algorithm, byte[] key)
            throws ProtocolException {
        check(input.covers("@method") && input.covers("@path"), Reason.WRONG_SIGNATURE);
        check(input.covers(HeaderNames.EDGE) && input.covers("content-digest"), Reason.WRONG_SIGNATURE);
        for (String name : new String[] {
            "content-type", "authorization", HeaderNames.CREDENTIAL, HeaderNames.SESSION, HeaderNames.IDEMPOTENCY_KEY
        }) {
            check(request.header(name) == null || input.covers(name), Reason.WRONG_SIGNATURE);
        }
        check(edge.equals(request.header(HeaderNames.EDGE)), Reason.WRONG_EDGE);
        check(Math.abs(input.created() - nowMillis() / 1000) <= WINDOW_SECONDS, Reason.STALE_CALL);
        check(
                ContentDigest.matches(request.required("content-digest"), request.body(), 0, request.body().length),
                Reason.TAMPERED_BODY);
        byte[] base = Signatures.base(input, request);
        byte[] signature = input.signatureIn(request.required("signature"));
        check(Signatures.verify(algorithm, key, base, signature), Reason.WRONG_SIGNATURE);
        // Under a ticket it is the session's counter, and other sessions have the same.
        String owner = Objects.toString(request.header(HeaderNames.TICKET), "");
        check(accepted.add("nonce " + input.nonce() + " " + owner), Reason.REPLAYED_CALL);
    }

    private Map<String, String> headers(FakeAnswer answer) {
        Map<String, String> all = new HashMap<>(answer.headers());
        all.put(HeaderNames.EDGE, edge);
        all.put(HeaderNames.TIME, Long.toString(nowMillis() / 1000));
        return all;
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
