package io.rialto.sync.vendor;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

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

    /** Fails where the answer does not come in time, or is longer than any reason. */
    Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = client.send(
                request.timeout(timeout).build(),
                HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_ANSWER));
        return new Reply(response.statusCode(), response.headers(), response.body());
    }
}
