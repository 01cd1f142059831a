package io.rialto.client.fake;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.logging.Logger;
import okhttp3.Headers;
import okhttp3.internal.concurrent.TaskRunner;
import okhttp3.internal.connection.BufferedSocket;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.Header;
import okhttp3.internal.http2.Http2Connection;
import okhttp3.internal.http2.Http2Stream;
import okio.BufferedSink;
import okio.BufferedSource;
import okio.Okio;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a gateway. HTTP/2 with prior knowledge is served here, by the server's half of the library that phones
 * use; anything else is handed on byte by byte to the server of HTTP/1.1.
 */
final class FakeConnection {
    private static final String PREFACE = "PRI";

    /** Serves one request over HTTP/2, on a thread of its own. */
    interface Handler {
        void serve(Exchange exchange) throws IOException;

        /** Serves a stream by WebSocket. */
        void serve(FakeWebSocket stream) throws IOException;

        /** Whether HTTP/2 comes through. */
        boolean http2();
    }

    private FakeConnection() {}

    /** Blocks until the connection has ended, or is served by others. */
    static void serve(Socket socket, int http1Port, Executor threads, Handler handler) throws IOException {
        BufferedSource source = Okio.buffer(Okio.source(socket));
        if (!source.request(PREFACE.length())) {
            socket.close();
            return;
        }
        boolean preface = source.peek().readUtf8(PREFACE.length()).equals(PREFACE);
        if (preface && !handler.http2()) {
            socket.close();
        } else if (!preface && source.peek().readUtf8LineStrict().startsWith("GET " + FakeInbox.STREAM + " ")) {
            handler.serve(new FakeWebSocket(socket, source));
        } else if (preface) {
            http2(socket, source, threads, handler);
        } else {
            handOn(socket, source, http1Port, threads);
        }
    }

    private static void handOn(Socket near, BufferedSource source, int port, Executor threads) throws IOException {
        try (near;
                Socket far = new Socket(near.getLocalAddress(), port)) {
            threads.execute(() -> {
                try (near;
                        far) {
                    far.getInputStream().transferTo(near.getOutputStream());
                } catch (IOException e) {
                    // one side ended: so does the other
                }
            });
            OutputStream out = far.getOutputStream();
            InputStream in = source.inputStream();
            byte[] buffer = new byte[8192];
            for (int n = in.read(buffer); n != -1; n = in.read(buffer)) {
                out.write(buffer, 0, n);
            }
        }
    }

    private static void http2(Socket socket, BufferedSource source, Executor threads, Handler handler)
            throws IOException {
        BufferedSink sink = Okio.buffer(Okio.sink(socket));
        BufferedSocket buffered = new BufferedSocket() {
            @Override
            public BufferedSource getSource() {
                return source;
            }

            @Override
            public BufferedSink getSink() {
                return sink;
            }

            @Override
            public void cancel() {
                try {
                    socket.close();
                } catch (IOException e) {
                    // it is closed
                }
            }
        };
        TaskRunner tasks = new TaskRunner(
                new TaskRunner.RealBackend(runnable -> {
                    Thread thread = new Thread(runnable, "fake-http2");
                    thread.setDaemon(true);
                    return thread;
                }),
                Logger.getLogger(FakeConnection.class.getName()));
        Http2Connection connection = new Http2Connection.Builder(false, tasks)
                .socket(buffered, "phone")
                .listener(new Http2Connection.Listener() {
                    @Override
                    public void onStream(Http2Stream stream) {
                        threads.execute(() -> {
                            try {
                                handler.serve(new Exchange(stream));
                            } catch (IOException e) {
                                stream.closeLater(ErrorCode.INTERNAL_ERROR);
                            }
                        });
                    }
                })
                .build();
        connection.start(true);
    }

    /** A request over HTTP/2, and its answer. */
    static final class Exchange implements FakePipe {
        private final Http2Stream stream;
        private final BufferedSource in;
        private final BufferedSink out;
        private final Map<String, String> headers = new HashMap<>();

        private Exchange(Http2Stream stream) throws IOException {
            this.stream = stream;
            this.in = Okio.buffer(stream.getSource());
            this.out = Okio.buffer(stream.getSink());
            Headers all = stream.takeHeaders(false);
            for (int i = 0; i < all.size(); i++) {
                headers.put(all.name(i).toLowerCase(Locale.ROOT), all.value(i));
            }
            headers.putIfAbsent("host", headers.getOrDefault(":authority", ""));
        }

        String path() {
            return headers.getOrDefault(":path", "");
        }

        @Nullable
        String header(String name) {
            return headers.get(name);
        }

        FakeRequest request(byte[] body) {
            return new FakeRequest(headers.getOrDefault(":method", ""), path(), null, headers, body);
        }

        byte[] body() throws IOException {
            return in.readByteArray();
        }

        @Override
        public byte[] message() throws IOException {
            in.skip(1);
            return in.readByteArray(in.readInt());
        }

        synchronized void begin(int status, Map<String, String> answer, boolean ends) throws IOException {
            List<Header> list = new ArrayList<>();
            list.add(new Header(Header.RESPONSE_STATUS, Integer.toString(status)));
            answer.forEach((name, value) -> list.add(new Header(name, value)));
            stream.writeHeaders(list, ends, true);
        }

        @Override
        public synchronized void message(byte[] bytes) throws IOException {
            out.writeByte(0).writeInt(bytes.length).write(bytes).flush();
        }

        synchronized void body(byte[] bytes) throws IOException {
            out.write(bytes).flush();
            out.close();
        }

        @Override
        public synchronized void end(Map<String, String> trailers) throws IOException {
            stream.enqueueTrailers(Headers.of(trailers));
            out.close();
        }

        @Override
        public void cut() {
            stream.closeLater(ErrorCode.CANCEL);
        }
    }
}
