package io.rialto.server;

import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpRequest;
import io.rialto.client.http.Transport;
import io.rialto.client.http.TransportException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Shows what passes, and prints a call as a {@code curl} command in place of sending it. */
final class WireLog implements Transport {
    private static final int SHOWN_BODY_BYTES = 2_000;
    /** Whoever has these may act as the phone; on a terminal their first characters tell them apart. */
    private static final Set<String> SECRET =
            Set.of("rialto-credential", "rialto-session", "rialto-ticket", "authorization");

    private static final int SHOWN_OF_SECRET = 12;

    private final Transport wire;
    private final @Nullable PrintWriter log;
    private final @Nullable Curl curl;

    /**
     * Prints the request to a path as a command.
     *
     * @param trust the PEM file that curl is to trust
     */
    record Curl(String path, Path trust, PrintWriter out) {
        void print(HttpRequest request) {
            StringBuilder command =
                    new StringBuilder("curl -sS --http2 --compressed --cacert " + quoted(trust.toString()));
            new TreeMap<>(request.headers())
                    .forEach((name, value) -> command.append(" \\\n  -H ").append(quoted(name + ": " + value)));
            command.append(" \\\n  --data-binary ").append(quoted(new String(request.body(), StandardCharsets.UTF_8)));
            out.println(command.append(" \\\n  ").append(quoted(request.uri().toString())));
            out.println("# it works once, for two minutes: an edge takes each nonce once and no old call");
            out.flush();
        }

        private static String quoted(String text) {
            return "'" + text.replace("'", "'\\''") + "'";
        }
    }

    WireLog(Transport wire, @Nullable PrintWriter log, @Nullable Curl curl) {
        this.wire = wire;
        this.log = log;
        this.curl = curl;
    }

    @Override
    public HttpAnswer send(HttpRequest request) throws TransportException {
        if (curl != null && request.uri().getPath().equals(curl.path())) {
            curl.print(request);
            throw new CallCommand.CurlPrinted();
        }
        if (log == null) {
            return wire.send(request);
        }
        log.println("> " + request.method() + " " + request.uri());
        show("> ", request.headers(), request.body());
        long start = System.nanoTime();
        HttpAnswer answer = wire.send(request);
        log.println("< " + answer.status() + " after " + (System.nanoTime() - start) / 1_000 + " us");
        show("< ", answer.headers(), answer.body());
        log.flush();
        return answer;
    }

    private void show(String mark, Map<String, String> headers, byte[] body) {
        if (log == null) {
            return;
        }
        new TreeMap<>(headers)
                .forEach((name, value) ->
                        log.println(mark + name + ": " + (SECRET.contains(name) ? shortened(value) : value)));
        String type = headers.getOrDefault("content-type", "");
        boolean text = type.startsWith("application/json") || type.startsWith("text/");
        log.println(mark
                + (text && body.length <= SHOWN_BODY_BYTES
                        ? new String(body, StandardCharsets.UTF_8)
                        : "(" + body.length + " bytes)"));
    }

    private static String shortened(String secret) {
        return secret.length() <= SHOWN_OF_SECRET ? secret : secret.substring(0, SHOWN_OF_SECRET) + "...";
    }

    @Override
    public void evictIdle() {
        wire.evictIdle();
    }

    @Override
    public void close() {
        wire.close();
    }
}
