package io.rialto.client.http;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.Headers;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.internal.http2.ConnectionShutdownException;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.StreamResetException;
import okio.Buffer;
import okio.BufferedSink;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/** HTTP/2 and HTTP/1.1 by OkHttp: connections are kept, addresses raced, answers bounded, nothing sent twice. */
public final class OkHttpTransport implements Transport {
    /** An answer is held in memory whole; no sensible call of a phone answers more. */
    private static final int MAX_ANSWER_BYTES = 16 << 20;

    /** A phone speaks to its cell and, while that changes, to a few boot addresses. */
    private static final int MAX_IDLE_CONNECTIONS = 4;

    private static final int KEEP_ALIVE_MINUTES = 5;

    private final OkHttpClient client;

    /** For streams without TLS, where nobody negotiates HTTP/2: it is known beforehand. */
    private final OkHttpClient plainStreams;

    /**
     * @param trust null for the platform's authorities
     * @param connectTimeout for one address, TLS included in the call's own time
     * @param pingInterval how often an HTTP/2 connection in use is tested; zero for never
     */
    public OkHttpTransport(
            @Nullable Trust trust, AddressLookup addresses, Duration connectTimeout, Duration pingInterval) {
        this(builder(trust, addresses, connectTimeout, pingInterval));
    }

    OkHttpTransport(OkHttpClient.Builder builder) {
        client = builder.build();
        plainStreams = client.newBuilder()
                .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
                .build();
    }

    static OkHttpClient.Builder builder(
            @Nullable Trust trust, AddressLookup addresses, Duration connectTimeout, Duration pingInterval) {
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .connectionPool(new ConnectionPool(MAX_IDLE_CONNECTIONS, KEEP_ALIVE_MINUTES, TimeUnit.MINUTES))
                .dispatcher(new Dispatcher())
                .eventListenerFactory(call -> {
                    Progress progress = call.request().tag(Progress.class);
                    return progress == null ? EventListener.NONE : progress;
                })
                .dns(addresses::lookup)
                .followRedirects(false)
                .followSslRedirects(false)
                .connectTimeout(connectTimeout.toMillis(), TimeUnit.MILLISECONDS)
                // one limit for the whole call instead: Call.timeout
                .readTimeout(0, TimeUnit.MILLISECONDS)
                .writeTimeout(0, TimeUnit.MILLISECONDS)
                .pingInterval(pingInterval.toMillis(), TimeUnit.MILLISECONDS);
        if (trust != null) {
            builder.sslSocketFactory(trust.sockets(), trust.manager());
        }
        return builder;
    }

    @Override
    public HttpAnswer send(HttpRequest request) throws TransportException {
        Progress progress = new Progress();
        Call call = client.newCall(requestOf(request, progress));
        call.timeout().timeout(request.timeoutNanos(), TimeUnit.NANOSECONDS);
        try (Response response = call.execute()) {
            return new HttpAnswer(response.code(), headersOf(response.headers()), bodyOf(response));
        } catch (StreamResetException e) {
            // the other side says that it did not look at this stream: as good as never sent
            boolean sent = e.errorCode != ErrorCode.REFUSED_STREAM && progress.sent;
            throw new TransportException(messageOf(request, e), sent, false, e);
        } catch (IOException e) {
            throw new TransportException(messageOf(request, e), progress.sent, e instanceof InterruptedIOException, e);
        }
    }

    @Override
    public HttpStream open(HttpRequest request) throws TransportException {
        boolean plain = request.uri().getScheme().equals("http");
        return OkHttpStream.open(plain ? plainStreams : client, request);
    }

    @Override
    public HttpStream openWebSocket(HttpRequest request) throws TransportException {
        return OkHttpWebSocket.open(client, request);
    }

    static String messageOf(HttpRequest request, IOException e) {
        return request.uri().getScheme() + "://" + request.uri().getAuthority() + ": "
                + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
    }

    private static Request requestOf(HttpRequest request, Progress progress) {
        RequestBody body = request.method().equals("GET") ? null : new Body(request.body());
        return requestOf(request, body, progress);
    }

    static Request requestOf(HttpRequest request, @Nullable RequestBody body, Progress progress) {
        Request.Builder builder =
                new Request.Builder().url(request.uri().toString()).tag(Progress.class, progress);
        for (Map.Entry<String, String> header : request.headers().entrySet()) {
            builder.header(header.getKey(), header.getValue());
        }
        return builder.method(request.method(), body).build();
    }

    static Map<String, String> headersOf(Headers headers) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < headers.size(); i++) {
            map.merge(headers.name(i).toLowerCase(Locale.ROOT), headers.value(i), (a, b) -> a + ", " + b);
        }
        return Collections.unmodifiableMap(map);
    }

    static byte[] bodyOf(Response response) throws IOException {
        BufferedSource source = response.body().source();
        Buffer body = new Buffer();
        while (source.read(body, 8192) != -1) {
            if (body.size() > MAX_ANSWER_BYTES) {
                throw new IOException("answer: above " + MAX_ANSWER_BYTES + " bytes (expected: at most that)");
            }
        }
        return body.readByteArray();
    }

    @Override
    public void evictIdle() {
        client.connectionPool().evictAll();
    }

    @Override
    public void close() {
        client.dispatcher().cancelAll();
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
    }

    /** Written at most once: the library then never repeats a request whose bytes may have left. */
    private static final class Body extends RequestBody {
        private final byte[] bytes;

        Body(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public okhttp3.@Nullable MediaType contentType() {
            return null; // it is among the headers
        }

        @Override
        public long contentLength() {
            return bytes.length;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.write(bytes);
        }
    }

    /** Sees whether a request began to leave. */
    static final class Progress extends EventListener {
        volatile boolean sent;

        @Override
        public void requestHeadersStart(Call call) {
            sent = true;
        }

        @Override
        public void requestFailed(Call call, IOException e) {
            // the connection was being closed, and took no stream: what the library tries next starts from nothing
            if (e instanceof ConnectionShutdownException) {
                sent = false;
            }
        }
    }
}
