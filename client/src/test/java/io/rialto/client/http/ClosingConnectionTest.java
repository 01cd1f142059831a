package io.rialto.client.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Protocol;
import okhttp3.internal.connection.RealConnection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that ends between two calls on one HTTP/2 connection, in the moment after the second was given to it. */
@Timeout(60)
final class ClosingConnectionTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @Test
    void a_call_that_a_closing_connection_did_not_take_and_a_closed_port_refused_was_not_sent() throws Exception {
        try (Server server = new Server()) {
            okhttp3.OkHttpClient.Builder builder = OkHttpTransport.builder(
                            null, AddressLookup.system(), LIMIT, Duration.ZERO)
                    .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
                    // between the choice of a connection and the first byte on it
                    .addNetworkInterceptor(chain -> {
                        if (chain.request().url().encodedPath().equals("/second")) {
                            server.goAway();
                            awaitClosing((RealConnection) chain.connection());
                        }
                        return chain.proceed(chain.request());
                    });
            try (OkHttpTransport transport = new OkHttpTransport(builder)) {
                assertThat(transport.send(server.request("/first")).status()).isEqualTo(200);
                assertThatThrownBy(() -> transport.send(server.request("/second")))
                        .isInstanceOfSatisfying(
                                TransportException.class,
                                e -> assertThat(e.sent()).isFalse())
                        .hasMessageContaining("Failed to connect");
            }
        }
    }

    private static void awaitClosing(RealConnection connection) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (connection.isHealthy(false) && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(connection.isHealthy(false)).isFalse();
    }

    /** Speaks as much HTTP/2 as it takes to answer one call: settings, one answer, and that it goes away. */
    private static final class Server implements AutoCloseable {
        private static final int PREFACE = 24;
        private static final int HEADERS = 1;
        private static final int SETTINGS = 4;
        private static final int ACK = 1;
        private static final byte[] NO_SETTINGS = {0, 0, 0, SETTINGS, 0, 0, 0, 0, 0};
        private static final byte[] SETTINGS_SEEN = {0, 0, 0, SETTINGS, ACK, 0, 0, 0, 0};
        /** {@code :status 200} to stream 3, which ends with it; 3 is the first stream of the library. */
        private static final byte[] FINE = {0, 0, 1, HEADERS, 5, 0, 0, 0, 3, (byte) 0x88};
        /** Stream 3 was the last one; no error. */
        private static final byte[] GO_AWAY = {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0};

        private final ServerSocket socket = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        private volatile Socket connection = new Socket();

        Server() throws IOException {
            Thread.ofVirtual().start(this::serve);
        }

        HttpRequest request(String path) {
            URI uri = URI.create("http://127.0.0.1:" + socket.getLocalPort() + path);
            return new HttpRequest(
                    "POST", uri, Map.of("content-type", "text/plain"), new byte[0], TimeUnit.SECONDS.toNanos(10));
        }

        private void serve() {
            try (Socket accepted = socket.accept()) {
                connection = accepted;
                DataInputStream in = new DataInputStream(accepted.getInputStream());
                OutputStream out = accepted.getOutputStream();
                in.readFully(new byte[PREFACE]);
                out.write(NO_SETTINGS);
                while (true) {
                    int start = in.readInt();
                    int flags = in.readUnsignedByte();
                    in.readInt();
                    in.readFully(new byte[start >>> 8]);
                    int type = start & 0xff;
                    if (type == HEADERS) {
                        out.write(FINE);
                    } else if (type == SETTINGS && flags != ACK) {
                        out.write(SETTINGS_SEEN);
                    }
                }
            } catch (IOException e) {
                // the other side closed, as it does in the end
            }
        }

        void goAway() {
            try {
                socket.close();
                connection.getOutputStream().write(GO_AWAY);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
            connection.close();
        }
    }
}
