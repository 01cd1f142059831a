package io.rialto.starter;

import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.client.support.HttpRequestWrapper;

/**
 * Lets a {@code RestClient} call operations of backends in the cells where users live: the request goes to a gateway of the
 * own cell under a token of this backend, and the gateway takes it to the user's.
 *
 * <pre>{@code
 * RestClient cells = RestClient.builder().baseUrl("http://cells").requestInterceptor(cellRequests).build();
 * cells.post().uri("/wallet.Transfer/Credit").attribute(CellRequests.USER, payee).body(...)
 * }</pre>
 *
 * <p>The host of the URL does not matter, the path names the operation. Nothing is sent twice. Safe for many threads.
 */
public final class CellRequests implements ClientHttpRequestInterceptor {
    /** The attribute of a request with the id of the user whom it is for; without it, it is not routed by user. */
    public static final String USER = "rialto.user";

    private final List<String> addresses;
    private final Gateways gateways;
    private final AtomicInteger next = new AtomicInteger();

    CellRequests(List<String> addresses, Gateways gateways) {
        this.addresses = List.copyOf(addresses);
        this.gateways = gateways;
    }

    /** @throws OperationException where the path is no operation's, or no gateway is configured */
    @Override
    public ClientHttpResponse intercept(HttpRequest request, byte[] body, ClientHttpRequestExecution execution)
            throws IOException {
        OperationName operation = operation(request.getURI());
        if (addresses.isEmpty()) {
            throw new OperationException(
                    Reason.CELL_UNREACHABLE, "rialto.gateways: none (expected: one to call other cells through)");
        }
        // A gateway that is down is passed over at the next try: the start moves on with each call.
        String gateway = addresses.get(Math.floorMod(next.getAndIncrement(), addresses.size()));
        String query = request.getURI().getRawQuery();
        URI uri = URI.create("http://" + gateway + operation.path() + (query == null ? "" : "?" + query));
        HttpHeaders headers = new HttpHeaders();
        headers.addAll(request.getHeaders());
        // What a caller is and may is said here alone.
        headers.remove(HeaderNames.CALLER);
        headers.remove(HeaderNames.SHADOW);
        headers.remove(HeaderNames.GLOBAL_VERSION);
        @Nullable Object user = request.getAttributes().get(USER);
        gateways.show(operation, caller -> user == null ? caller : caller.user(user.toString()), headers::set);
        ClientHttpResponse response = execution.execute(
                new HttpRequestWrapper(request) {
                    @Override
                    public URI getURI() {
                        return uri;
                    }

                    @Override
                    public HttpHeaders getHeaders() {
                        return headers;
                    }
                },
                body);
        GlobalVersion.saw(response.getHeaders().getFirst(HeaderNames.GLOBAL_VERSION));
        return response;
    }

    private static OperationName operation(URI uri) {
        String path = uri.getRawPath();
        try {
            return OperationName.of(path.startsWith("/") ? path.substring(1) : path);
        } catch (IllegalArgumentException e) {
            throw new OperationException(
                    Reason.UNKNOWN_OPERATION, "path: " + path + " (expected: /service/method of an operation)");
        }
    }
}
