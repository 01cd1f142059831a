package io.rialto.sync.vendor;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Calls to vendors, by HTTP/2 where they speak it. Follows no redirection: a call carries a credential. */
final class PushHttp {
    /** Vendors answer within tenths of a second. */
    static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** Answers are reasons of some words, or a token of two kilobytes. */
    private static final int MAX_ANSWER = 16 << 10;

    private final HttpClient client;
    private final Duration timeout;

    PushHttp(HttpClient client, Duration timeout) {
        this.client = client;
        this.timeout = timeout;
    }

    /**
     * Fails where the answer does not come in time, or is longer than any reason. The client's own timeout ends with the
     * head of the answer, so the whole is waited for here.
     */
    Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<byte[]>> call = client.sendAsync(
                request.build(),
                HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_ANSWER));
        try {
            HttpResponse<byte[]> response = call.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return new Reply(response.statusCode(), response.headers(), response.body());
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no whole answer in " + timeout.toMillis() + " ms");
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        } finally {
            call.cancel(true);
        }
    }
}
