package io.rialto.starter;

import io.rialto.protocol.Caller;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Every request to the backend: {@code /health}, and calls from gateways. */
final class OperationServlet extends HttpServlet {
    private static final long serialVersionUID = 1;

    /** A deadline further away than a day is as good as none. */
    private static final long MAX_TIMEOUT_MILLIS = 86_400_000;

    private final transient Supplier<Map<String, OperationMethod>> operations;
    private final transient CallerKeys keys;
    private final transient Drain drain;
    private final transient Clock clock;
    private final transient JsonMapper json;
    private final int maxBodyBytes;

    OperationServlet(
            Supplier<Map<String, OperationMethod>> operations,
            CallerKeys keys,
            Drain drain,
            Clock clock,
            JsonMapper json,
            int maxBodyBytes) {
        this.operations = operations;
        this.keys = keys;
        this.drain = drain;
        this.clock = clock;
        this.json = json;
        this.maxBodyBytes = maxBodyBytes;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getRequestURI();
        if (path.equals("/health") || path.equals("/health/ready")) {
            health(response, !drain.draining());
        } else if (path.equals("/health/live")) {
            health(response, true);
        } else {
            drain.enter();
            try {
                call(path, request, response);
            } finally {
                drain.leave();
            }
        }
    }

    private void health(HttpServletResponse response, boolean up) throws IOException {
        send(
                response,
                up ? 200 : 503,
                "application/json",
                json.writeValueAsBytes(Map.of("status", up ? "up" : "draining")));
    }

    private void call(String path, HttpServletRequest request, HttpServletResponse response) throws IOException {
        WireFormat format = WireFormat.guess(request.getContentType());
        try {
            Caller caller = keys.verify(request.getHeader(HeaderNames.CALLER), path.substring(1));
            format = format(request);
            serve(path, request, response, caller, format);
        } catch (IOException e) {
            // The connection is gone; there is nobody to answer.
            throw e;
        } catch (Throwable e) {
            if (e instanceof VirtualMachineError error) {
                throw error;
            }
            String next = Failures.next(e);
            if (next != null) {
                response.setHeader(HeaderNames.FENCE_NEXT, next);
            }
            refuse(response, format, Failures.refusal(e, path));
        }
    }

    /** The way of a call whose caller is known: find, read, invoke, answer. */
    private void serve(
            String path, HttpServletRequest request, HttpServletResponse response, Caller caller, WireFormat format)
            throws Throwable {
        OperationMethod operation = operations.get().get(path);
        if (operation == null) {
            throw new ProtocolException(
                    Reason.UNKNOWN_OPERATION, "operation: " + path + " (expected: one that this backend serves)");
        }
        requireMethod(request, operation);
        Object message = message(request, format, operation);
        CallContext context = context(request, caller);
        long known = GlobalVersion.parse(request.getHeader(HeaderNames.GLOBAL_VERSION));
        AtomicLong globalVersion = new AtomicLong(known);
        Written written = Written.of(caller, request.getHeaders(HeaderNames.WRITTEN));
        Object result = PressureTest.serving(
                caller, globalVersion, () -> written.serving(() -> operation.invoke(message, context)));
        if (globalVersion.get() > known) {
            response.setHeader(HeaderNames.GLOBAL_VERSION, Long.toString(globalVersion.get()));
        }
        String marker = written.marker(result instanceof Bound<?> bound ? bound.user() : caller.user());
        if (marker != null) {
            response.setHeader(HeaderNames.WRITTEN, marker);
        }
        if (result instanceof Bound<?> bound) {
            response.setHeader(HeaderNames.BIND_USER, bound.user());
            result = bound.answer();
        }
        byte[] body = format.write(result, operation.answer());
        if (format.grpc()) {
            response.setTrailerFields(() -> Map.of("grpc-status", "0"));
        }
        send(response, 200, format.contentType(), body);
    }

    private static WireFormat format(HttpServletRequest request) throws ProtocolException {
        boolean bodyless = request.getMethod().equals("GET") && request.getContentType() == null;
        WireFormat format = bodyless ? WireFormat.JSON : WireFormat.of(request.getContentType());
        if (format.grpc() && !request.getProtocol().equals("HTTP/2.0")) {
            throw new ProtocolException(
                    Reason.UNSUPPORTED_MEDIA, "gRPC over " + request.getProtocol() + " (expected: HTTP/2)");
        }
        String encoding = request.getHeader("content-encoding");
        if (encoding != null && !encoding.equals("identity")) {
            throw new ProtocolException(
                    Reason.UNSUPPORTED_MEDIA, "content-encoding: " + encoding + " (expected: none, gateways unpack)");
        }
        return format;
    }

    private static void requireMethod(HttpServletRequest request, OperationMethod operation) throws ProtocolException {
        String method = request.getMethod();
        if (!method.equals("POST") && !(method.equals("GET") && operation.idempotent())) {
            throw new ProtocolException(Reason.METHOD_NOT_ALLOWED, "method: " + method + " (expected: POST)");
        }
    }

    private Object message(HttpServletRequest request, WireFormat format, OperationMethod operation)
            throws IOException, ProtocolException {
        byte[] body = request.getContentLengthLong() > maxBodyBytes
                ? new byte[0]
                : request.getInputStream().readNBytes(maxBodyBytes + 1);
        if (body.length > maxBodyBytes || request.getContentLengthLong() > maxBodyBytes) {
            throw new ProtocolException(
                    Reason.BODY_TOO_LARGE, "body: too long (expected: at most " + maxBodyBytes + " bytes)");
        }
        boolean empty = body.length == 0 && request.getMethod().equals("GET");
        return format.read(empty ? "{}".getBytes(StandardCharsets.UTF_8) : body, operation.request());
    }

    private CallContext context(HttpServletRequest request, Caller caller) throws ProtocolException {
        String timeout = request.getHeader(HeaderNames.TIMEOUT);
        return new CallContext(
                caller,
                request.getHeader(HeaderNames.IDEMPOTENCY_KEY),
                request.getHeader(HeaderNames.ROUTE),
                request.getHeader("traceparent"),
                timeout == null ? null : deadline(timeout));
    }

    private Instant deadline(String timeout) throws ProtocolException {
        long millis;
        try {
            millis = Math.min(Long.parseLong(timeout), MAX_TIMEOUT_MILLIS);
        } catch (NumberFormatException e) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME, "rialto-timeout: " + timeout + " (expected: milliseconds)");
        }
        if (millis <= 0) {
            throw new ProtocolException(
                    Reason.DEADLINE_EXCEEDED, "rialto-timeout: " + millis + " (expected: time left to do it in)");
        }
        return clock.instant().plusMillis(millis);
    }

    private void refuse(HttpServletResponse response, WireFormat format, OperationException refusal)
            throws IOException {
        response.setHeader(HeaderNames.REASON, refusal.reason());
        if (format.grpc()) {
            Map<String, String> trailers = Map.of(
                    "grpc-status",
                    Integer.toString(refusal.code().grpcStatus()),
                    "grpc-message",
                    percentEncoded(refusal.message()),
                    HeaderNames.REASON,
                    refusal.reason());
            response.setTrailerFields(() -> trailers);
            send(response, 200, format.contentType(), new byte[0]);
            return;
        }
        Map<String, String> error = new LinkedHashMap<>();
        error.put("code", refusal.code().wireName());
        error.put("reason", refusal.reason());
        error.put("message", refusal.message());
        send(response, refusal.httpStatus(), "application/json", json.writeValueAsBytes(error));
    }

    private static void send(HttpServletResponse response, int status, String contentType, byte @Nullable [] body)
            throws IOException {
        response.setStatus(status);
        response.setContentType(contentType);
        if (body != null && body.length > 0) {
            if (response.getTrailerFields() == null) {
                response.setContentLength(body.length);
            }
            response.getOutputStream().write(body);
        }
    }

    /** As gRPC's HTTP/2 mapping has it: visible ASCII but the percent sign stays. */
    private static String percentEncoded(String message) {
        StringBuilder text = new StringBuilder();
        for (byte b : message.getBytes(StandardCharsets.UTF_8)) {
            if (b >= 0x20 && b < 0x7f && b != '%') {
                text.append((char) b);
            } else {
                text.append('%').append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
            }
        }
        return text.toString();
    }
}
