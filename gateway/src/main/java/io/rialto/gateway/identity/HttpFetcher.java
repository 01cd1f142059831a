package io.rialto.gateway.identity;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Gets key sets over HTTP, within a time, from the connection to the last byte, and a size. */
public final class HttpFetcher implements JwkSets.Fetcher {
    /** A key set holds a handful of keys of at most 1 KB each. */
    private static final int MAX_BYTES = 256 * 1024;

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final Duration timeout;
    private final HttpClient client;

    public HttpFetcher() {
        this(TIMEOUT);
    }

    HttpFetcher(Duration timeout) {
        this.timeout = timeout;
        this.client = HttpClient.newBuilder()
                .connectTimeout(timeout)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    @Override
    public String fetch(URI url) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(url).timeout(timeout).build();
        // The request's own time-out ends with the headers; a body that never ends must not hold anyone either.
        CompletableFuture<HttpResponse<byte[]>> response =
                client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BYTES));
        try {
            HttpResponse<byte[]> arrived = response.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (arrived.statusCode() != 200) {
                throw new IOException(url + ": status " + arrived.statusCode() + " (expected: 200)");
            }
            return new String(arrived.body(), StandardCharsets.UTF_8);
        } catch (TimeoutException late) {
            throw new IOException(url + ": no whole answer after " + timeout.toMillis() + " ms", late);
        } catch (ExecutionException failed) {
            throw new IOException(url + ": " + failed.getCause() + " (expected: a key set)", failed);
        } finally {
            response.cancel(true);
        }
    }
}
