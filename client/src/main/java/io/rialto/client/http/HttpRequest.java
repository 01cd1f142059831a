package io.rialto.client.http;

import java.net.URI;
import java.util.Map;

/** One request: where to, what, and for how long to wait. */
public final class HttpRequest {
    private final String method;
    private final URI uri;
    private final Map<String, String> headers;
    private final byte[] body;
    private final long timeoutNanos;

    /**
     * @param headers names in lower case; {@code content-type} is one of them
     * @param body not copied, and not written to
     * @param timeoutNanos from the first step to the last byte of the answer, above 0
     */
    public HttpRequest(String method, URI uri, Map<String, String> headers, byte[] body, long timeoutNanos) {
        this.method = method;
        this.uri = uri;
        this.headers = headers;
        this.body = body;
        this.timeoutNanos = timeoutNanos;
    }

    public String method() {
        return method;
    }

    public URI uri() {
        return uri;
    }

    public Map<String, String> headers() {
        return headers;
    }

    public byte[] body() {
        return body;
    }

    public long timeoutNanos() {
        return timeoutNanos;
    }
}
