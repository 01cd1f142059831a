package io.rialto.client.http;

import io.rialto.client.codec.JsonCodec;
import io.rialto.client.http.OkHttpTransport.Progress;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * A stream by WebSocket. The other side upgrades before it knows who calls: that a stream has begun is shown by its first
 * binary message, and a text message is a refusal, or the end.
 */
final class OkHttpWebSocket extends WebSocketListener implements HttpStream {
    private static final String SUBPROTOCOL = "rialto.sync.1";
    private static final int OK = 200;
    private static final int UNAVAILABLE = 503;
    private static final int NORMAL = 1000;

    /** Of the code that says that a text message before has told all. */
    private static final int TOLD = 4000;

    /** Messages between the connection and who receives; while they wait nothing more is read. */
    private static final int WAITING = 4;

    /** How often a connection that waits for who receives looks whether the stream was closed. */
    private static final long LOOK_MILLIS = 200;

    private static final Object END = new Object();

    private final HttpRequest request;
    private final WebSocket socket;

    /** Messages in bytes, {@link #END}, or why it failed. */
    private final BlockingQueue<Object> incoming = new ArrayBlockingQueue<>(WAITING);

    private volatile boolean closed;
    private volatile @Nullable HttpAnswer told;
    private byte @Nullable [] first;
    private boolean taken;

    private OkHttpWebSocket(OkHttpClient client, HttpRequest request, Progress progress) {
        this.request = request;
        Request.Builder upgrade =
                new Request.Builder().url(request.uri().toString()).tag(Progress.class, progress);
        request.headers().forEach(upgrade::header);
        upgrade.header("sec-websocket-protocol", SUBPROTOCOL);
        this.socket = client.newWebSocket(upgrade.get().build(), this);
    }

    /** Waits for what the other side says first. */
    static HttpStream open(OkHttpClient client, HttpRequest request) throws TransportException {
        Progress progress = new Progress();
        OkHttpWebSocket stream = new OkHttpWebSocket(client, request, progress);
        try {
            Object event = stream.incoming.poll(request.timeoutNanos(), TimeUnit.NANOSECONDS);
            if (event instanceof byte[]) {
                stream.first = (byte[]) event;
                return stream;
            }
            if (event == null) {
                throw new InterruptedIOException("no answer in time");
            }
            if (stream.told != null) {
                return stream;
            }
            throw event instanceof IOException ? (IOException) event : new IOException("ended without an answer");
        } catch (InterruptedException e) {
            stream.close();
            Thread.currentThread().interrupt();
            throw new TransportException("interrupted", true, false, new InterruptedIOException());
        } catch (IOException e) {
            stream.close();
            throw new TransportException(
                    OkHttpTransport.messageOf(request, e), true, e instanceof InterruptedIOException, e);
        }
    }

    // What comes, on a thread of the library

    @Override
    public void onOpen(WebSocket webSocket, Response response) {
        webSocket.send(ByteString.of(request.body()));
    }

    @Override
    public void onMessage(WebSocket webSocket, ByteString bytes) {
        put(bytes.toByteArray());
    }

    @Override
    public void onMessage(WebSocket webSocket, String text) {
        told = answer(text);
        put(END);
    }

    @Override
    public void onClosing(WebSocket webSocket, int code, String reason) {
        webSocket.close(NORMAL, null);
        if (code == NORMAL || code == TOLD) {
            put(END);
        } else {
            put(new IOException("the other side ended the stream: " + code + " " + reason));
        }
    }

    @Override
    public void onFailure(WebSocket webSocket, Throwable failure, @Nullable Response response) {
        if (response != null && response.code() != 101) {
            told = new HttpAnswer(response.code(), OkHttpTransport.headersOf(response.headers()), new byte[0]);
            put(END);
        } else {
            put(failure instanceof IOException ? failure : new IOException(failure));
        }
    }

    private void put(Object event) {
        try {
            while (!closed && !incoming.offer(event, LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                // whoever receives is behind: what comes waits in the connection
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A refusal, or what would be trailers; an odd text is as good as none of its parts. */
    private static HttpAnswer answer(String text) {
        Map<String, String> headers = new HashMap<>();
        byte[] body = new byte[0];
        int status = UNAVAILABLE;
        try {
            Map<String, Object> parts = JsonCodec.object(text.getBytes(StandardCharsets.UTF_8));
            if (parts.get("headers") instanceof Map) {
                ((Map<?, ?>) parts.get("headers"))
                        .forEach((name, value) ->
                                headers.put(name.toString().toLowerCase(Locale.ROOT), String.valueOf(value)));
            }
            if (parts.get("status") instanceof Double) {
                status = ((Double) parts.get("status")).intValue();
            }
            if (parts.get("sealed") instanceof String) {
                body = Base64.getUrlDecoder().decode((String) parts.get("sealed"));
            } else if (parts.get("refusal") != null) {
                body = new JsonCodec().encode(parts.get("refusal"));
            }
        } catch (IOException | IllegalArgumentException e) {
            return new HttpAnswer(UNAVAILABLE, Collections.emptyMap(), body);
        }
        return new HttpAnswer(status, headers, body);
    }

    // The stream

    @Override
    public int status() {
        HttpAnswer refusal = refusal();
        return refusal == null ? OK : refusal.status();
    }

    /** The upgrade has none of its own to tell: a stream that has begun is of the kind that was asked for. */
    @Override
    public Map<String, String> headers() {
        HttpAnswer refusal = refusal();
        return refusal == null
                ? Collections.singletonMap("content-type", request.headers().get("content-type"))
                : refusal.headers();
    }

    @Override
    public @Nullable HttpAnswer refusal() {
        return first == null ? told : null;
    }

    @Override
    public byte @Nullable [] receive() throws TransportException {
        try {
            Object event = taken ? null : first;
            taken = true;
            while (event == null && !closed) {
                event = incoming.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
            if (event instanceof byte[]) {
                return (byte[]) event;
            }
            if (event == END) {
                return null;
            }
            throw event instanceof IOException ? (IOException) event : new IOException("the stream is closed");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransportException("interrupted", true, false, new InterruptedIOException());
        } catch (IOException e) {
            throw new TransportException(OkHttpTransport.messageOf(request, e), true, false, e);
        }
    }

    @Override
    public void send(byte[] message) throws TransportException {
        if (closed || !socket.send(ByteString.of(message))) {
            IOException cause = new IOException("the stream is closed");
            throw new TransportException(OkHttpTransport.messageOf(request, cause), true, false, cause);
        }
    }

    @Override
    public Map<String, String> trailers() {
        HttpAnswer last = told;
        return last == null ? Collections.emptyMap() : last.headers();
    }

    @Override
    public void close() {
        closed = true;
        socket.cancel();
    }
}
