package io.rialto.client.http;

import io.rialto.client.http.OkHttpTransport.Progress;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.AsyncTimeout;
import okio.BufferedSink;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/** A stream in gRPC's framing on an HTTP/2 connection that calls use, too. */
final class OkHttpStream implements HttpStream {
    /** A batch of 64 messages of 64 KiB with what stands around them; the platform's are far below. */
    private static final int MAX_MESSAGE_BYTES = 5 << 20;

    private final HttpRequest request;
    private final Call call;
    private final Outgoing outgoing;
    private final Response response;
    private final @Nullable HttpAnswer refusal;

    /** Held by who reads the answer or closes it: the library allows one of them at a time. */
    private final ReentrantLock reading = new ReentrantLock();

    private volatile boolean ended;

    private OkHttpStream(
            HttpRequest request, Call call, Outgoing outgoing, Response response, @Nullable HttpAnswer refusal) {
        this.request = request;
        this.call = call;
        this.outgoing = outgoing;
        this.response = response;
        this.refusal = refusal;
    }

    static OkHttpStream open(OkHttpClient client, HttpRequest request) throws TransportException {
        Progress progress = new Progress();
        Outgoing outgoing = new Outgoing(request.body());
        Call call = client.newCall(OkHttpTransport.requestOf(request, outgoing, progress));
        // the library's own limit would be one for the whole life of the stream
        AsyncTimeout limit = new AsyncTimeout() {
            @Override
            protected void timedOut() {
                call.cancel();
            }
        };
        limit.timeout(request.timeoutNanos(), TimeUnit.NANOSECONDS);
        limit.enter();
        boolean late = false;
        try {
            Response response = call.execute();
            HttpAnswer refusal = refusalOf(response, call, outgoing);
            OkHttpStream stream = new OkHttpStream(request, call, outgoing, response, refusal);
            late = limit.exit();
            if (late) {
                stream.close();
                throw new InterruptedIOException("no answer in time");
            }
            return stream;
        } catch (IOException e) {
            late |= limit.exit();
            throw new TransportException(
                    OkHttpTransport.messageOf(request, e),
                    progress.sent,
                    late || e instanceof InterruptedIOException,
                    e);
        }
    }

    private static @Nullable HttpAnswer refusalOf(Response response, Call call, Outgoing outgoing) throws IOException {
        // gRPC's way to refuse: what would be trailers comes as headers, and nothing behind them
        if (response.isSuccessful() && response.header("grpc-status") == null) {
            return null;
        }
        try (response) {
            return new HttpAnswer(
                    response.code(), OkHttpTransport.headersOf(response.headers()), OkHttpTransport.bodyOf(response));
        } finally {
            call.cancel();
            outgoing.end();
        }
    }

    @Override
    public int status() {
        return response.code();
    }

    @Override
    public Map<String, String> headers() {
        return OkHttpTransport.headersOf(response.headers());
    }

    @Override
    public @Nullable HttpAnswer refusal() {
        return refusal;
    }

    @Override
    public byte @Nullable [] receive() throws TransportException {
        reading.lock();
        try {
            if (ended) {
                throw new IOException("the stream is closed");
            }
            return next(response.body().source());
        } catch (IOException e) {
            ended = true;
            throw new TransportException(OkHttpTransport.messageOf(request, e), true, false, e);
        } finally {
            if (ended) {
                response.close();
            }
            reading.unlock();
        }
    }

    private static byte @Nullable [] next(BufferedSource source) throws IOException {
        if (source.exhausted()) {
            return null;
        }
        byte compressed = source.readByte();
        int length = source.readInt();
        if (compressed != 0 || length < 0 || length > MAX_MESSAGE_BYTES) {
            throw new IOException("message of the stream: flag " + compressed + ", " + length
                    + " bytes (expected: flag 0, at most " + MAX_MESSAGE_BYTES + ")");
        }
        return source.readByteArray(length);
    }

    @Override
    public void send(byte[] message) throws TransportException {
        try {
            outgoing.send(message);
        } catch (IOException e) {
            throw new TransportException(OkHttpTransport.messageOf(request, e), true, false, e);
        }
    }

    @Override
    public Map<String, String> trailers() {
        try {
            return OkHttpTransport.headersOf(response.trailers());
        } catch (IOException | IllegalStateException e) {
            // the stream did not end by them
            return Collections.emptyMap();
        }
    }

    @Override
    public void close() {
        ended = true;
        call.cancel();
        // the library counts the connection as busy until both directions have ended
        outgoing.end();
        // whoever reads is woken by that, and closes the answer instead
        if (reading.tryLock()) {
            try {
                response.close();
            } finally {
                reading.unlock();
            }
        }
    }

    /** The body that stays open: what is sent on it leaves at once. */
    private static final class Outgoing extends RequestBody {
        private final byte[] first;
        private @Nullable BufferedSink sink;

        Outgoing(byte[] first) {
            this.first = first;
        }

        @Override
        public okhttp3.@Nullable MediaType contentType() {
            return null; // it is among the headers
        }

        @Override
        public boolean isDuplex() {
            return true;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public synchronized void writeTo(BufferedSink to) throws IOException {
            sink = to;
            send(first);
        }

        synchronized void end() {
            try {
                if (sink != null) {
                    sink.close();
                }
            } catch (IOException e) {
                // cancelled: that ended it
            }
        }

        synchronized void send(byte[] message) throws IOException {
            if (sink == null) {
                throw new IOException("the stream is not open");
            }
            sink.write(GrpcFrame.of(message));
            sink.flush();
        }
    }
}
