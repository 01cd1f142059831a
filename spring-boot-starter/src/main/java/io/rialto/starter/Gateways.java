package io.rialto.starter;

import io.rialto.protocol.Caller;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Calls to the own cell's gateways under tokens that this backend mints. */
final class Gateways {
    /** On the way a token needs far less; a clock may differ a little. */
    private static final Duration TOKEN_LIFE = Duration.ofSeconds(60);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);

    private final String service;
    private final CallerKeys keys;
    private final Clock clock;
    private final HttpClient http;

    Gateways(String service, CallerKeys keys, Clock clock) {
        this.service = service;
        this.keys = keys;
        this.clock = clock;
        http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
    }

    /**
     * One try at one gateway.
     *
     * @param about puts what the token says besides issuer, operation and times
     */
    HttpResponse<byte[]> post(
            String gateway,
            OperationName operation,
            UnaryOperator<Caller.Builder> about,
            String contentType,
            byte[] body,
            Duration timeout,
            Consumer<HttpRequest.Builder> headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + gateway + operation.path()))
                .timeout(timeout)
                .header("content-type", contentType)
                .header(HeaderNames.TIMEOUT, Long.toString(timeout.toMillis()))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        show(operation, about, request::header);
        headers.accept(request);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    /** Puts on a request who calls, whether it is of a pressure test, and what was seen of the global data. */
    void show(OperationName operation, UnaryOperator<Caller.Builder> about, BiConsumer<String, String> headers) {
        long now = clock.millis();
        Caller caller = about.apply(Caller.builder(service, operation.toString(), now, now + TOKEN_LIFE.toMillis()))
                .build();
        headers.accept(HeaderNames.CALLER, keys.mint(caller));
        if (PressureTest.isOn()) {
            headers.accept(HeaderNames.SHADOW, "1");
        }
        if (GlobalVersion.seen() > 0) {
            headers.accept(HeaderNames.GLOBAL_VERSION, Long.toString(GlobalVersion.seen()));
        }
    }
}
