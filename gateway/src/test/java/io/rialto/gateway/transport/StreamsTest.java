package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Streams as a transport sees them: frames, windows, time and ends. */
final class StreamsTest {
    private static final int ENHANCE_YOUR_CALM = 0xb;
    private static final int INITIAL_WINDOW = 4;

    private StreamServer server;

    @BeforeEach
    void start() throws Exception {
        server = new StreamServer(TransportSettings.defaults());
    }

    private void restart(TransportSettings settings) throws Exception {
        server.close();
        server = new StreamServer(settings);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static byte[] framed(String text) {
        return framed(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] framed(byte[] message) {
        return ByteBuffer.allocate(5 + message.length)
                .put((byte) 0)
                .putInt(message.length)
                .put(message)
                .array();
    }

    private static RawClient ask(RawClient client) throws IOException {
        return client.frame(
                Http2Reader.HEADERS,
                Http2Reader.END_HEADERS,
                1,
                RawClient.request("/stream", "content-type", "application/grpc"));
    }

    private static RawClient data(RawClient client, byte[] bytes) throws IOException {
        return client.frame(Http2Reader.DATA, 0, 1, bytes);
    }

    private RawClient opened(int... settings) throws Exception {
        RawClient client = ask(server.connect(settings));
        data(client, framed("hello"));
        assertThat(server.next()).isEqualTo("(hello 10)");
        return client;
    }

    /** The reason in the trailers that end the stream. */
    private static String reason(RawClient client) throws IOException {
        DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);
        while (true) {
            RawClient.Frame frame = client.read();
            if (frame.type() == Http2Reader.HEADERS) {
                try {
                    Http2Headers fields = decoder.decodeHeaders(1, Unpooled.wrappedBuffer(frame.content()));
                    if ((frame.flags() & Http2Reader.END_STREAM) != 0) {
                        return String.valueOf(fields.get("rialto-reason"));
                    }
                } catch (io.netty.handler.codec.http2.Http2Exception e) {
                    throw new IOException(e);
                }
            }
        }
    }

    @Test
    void cuts_messages_however_they_come() throws Exception {
        try (RawClient client = ask(server.connect())) {
            byte[] bytes = ByteBuffer.allocate(29)
                    .put(framed("hello"))
                    .put(framed("one"))
                    .put(framed(""))
                    .put(framed("x"))
                    .array();
            for (byte each : bytes) {
                data(client, new byte[] {each});
            }
            for (String expected : List.of("(hello 10)", "one", "", "x")) {
                assertThat(server.next()).isEqualTo(expected);
            }
            client.frame(Http2Reader.RST_STREAM, 0, 1, new byte[] {0, 0, 0, 8});
            assertThat(server.next()).isEqualTo("(closed)");
            assertThat(server.meters.streamsEnded(StreamEnd.PHONE)).isEqualTo(1);
        }
    }

    @Test
    void keeps_what_comes_before_the_stream_begins() throws Exception {
        server.quick = false;
        try (RawClient client = opened()) {
            data(client, framed("early"));
            client.frame(Http2Reader.PING, 0, 0, new byte[8]).read(Http2Reader.PING);
            assertThat(server.heard).isEmpty();
            InboundCall call = server.call();
            server.on(() -> server.begin(call));
            assertThat(server.next()).isEqualTo("early");
            client.frame(Http2Reader.DATA, Http2Reader.END_STREAM, 1, framed("last"));
            assertThat(server.next()).isEqualTo("last");
            assertThat(server.next()).isEqualTo("(closed)");
            assertThat(reason(client)).isEqualTo("null");
        }
    }

    @Test
    void opens_the_window_again_as_messages_are_taken() throws Exception {
        try (RawClient client = opened()) {
            byte[] message = framed(new byte[16_000]);
            long window = Http2Connection.STREAM_WINDOW - 10;
            for (int i = 0; i < 50; i++) {
                while (window < message.length) {
                    RawClient.Frame update = client.read(Http2Reader.WINDOW_UPDATE);
                    window += update.stream() == 1
                            ? ByteBuffer.wrap(update.content()).getInt()
                            : 0;
                }
                data(client, message);
                window -= message.length;
            }
            for (int i = 0; i < 50; i++) {
                assertThat(server.next()).isEqualTo("16000 bytes");
            }
            assertThat(server.listeners.connections()).isEqualTo(1);
        }
    }

    @Test
    void holds_little_for_a_phone_that_takes_nothing_and_then_ends_its_stream() throws Exception {
        try (RawClient client = opened(INITIAL_WINDOW, 0)) {
            InboundStream stream = server.stream();
            byte[] message = new byte[64 << 10];
            server.on(() -> {
                for (int i = 0; i < 4; i++) {
                    assertThat(stream.isWritable()).isTrue();
                    stream.send(message);
                }
                assertThat(stream.isWritable()).isFalse();
                for (int i = 4; i < 31; i++) {
                    stream.send(message);
                }
            });
            assertThat(server.heard).isEmpty();
            server.on(() -> stream.send(new byte[128 << 10]));
            assertThat(server.next()).isEqualTo("(closed)");
            assertThat(client.read(Http2Reader.RST_STREAM).code()).isEqualTo(ENHANCE_YOUR_CALM);
            assertThat(server.meters.streamsEnded(StreamEnd.SLOW)).isEqualTo(1);
            // The connection serves other calls.
            server.quick = false;
            client.call(3, "/stream");
            assertThat(server.next()).isEqualTo("(hello 0)");
        }
    }

    @Test
    void is_writable_again_when_the_phone_takes_what_waits() throws Exception {
        try (RawClient client = opened(INITIAL_WINDOW, 0)) {
            InboundStream stream = server.stream();
            server.on(() -> {
                for (int i = 0; i < 5; i++) {
                    stream.send(new byte[64 << 10]);
                }
                stream.end(StreamServer.DONE);
            });
            assertThat(server.heard).isEmpty();
            for (int stream1 : new int[] {0, 1}) {
                client.frame(
                        Http2Reader.WINDOW_UPDATE,
                        0,
                        stream1,
                        ByteBuffer.allocate(4).putInt(1 << 20).array());
            }
            int bytes = 0;
            RawClient.Frame frame = client.read();
            while ((frame.flags() & Http2Reader.END_STREAM) == 0 || frame.type() != Http2Reader.HEADERS) {
                bytes += frame.type() == Http2Reader.DATA ? frame.content().length : 0;
                frame = client.read();
            }
            assertThat(bytes).isEqualTo(5 * (5 + (64 << 10)));
        }
        try (RawClient client = opened(INITIAL_WINDOW, 0)) {
            InboundStream stream = server.stream();
            server.on(() -> {
                for (int i = 0; i < 5; i++) {
                    stream.send(new byte[64 << 10]);
                }
            });
            for (int to : new int[] {0, 1}) {
                client.frame(
                        Http2Reader.WINDOW_UPDATE,
                        0,
                        to,
                        ByteBuffer.allocate(4).putInt(1 << 20).array());
            }
            assertThat(server.next()).isEqualTo("(writable)");
        }
    }

    @Test
    void ends_a_stream_of_what_is_no_message() throws Exception {
        try (RawClient client = opened()) {
            data(client, new byte[] {1, 0, 0, 0, 0});
            assertThat(reason(client)).isEqualTo("malformed_frame");
        }
        assertThat(server.next()).isEqualTo("(closed)");
        try (RawClient client = opened()) {
            data(
                    client,
                    ByteBuffer.allocate(5)
                            .putInt(1, InboundStream.MAX_MESSAGE + 1)
                            .array());
            assertThat(reason(client)).isEqualTo("body_too_large");
        }
        assertThat(server.next()).isEqualTo("(closed)");
        assertThat(server.meters.streamsEnded(StreamEnd.MALFORMED)).isEqualTo(2);
        try (RawClient client = ask(server.connect())) {
            data(client, new byte[] {2, 0, 0, 0, 0});
            assertThat(reason(client)).isEqualTo("malformed_frame");
        }
        try (RawClient client = ask(server.connect())) {
            client.frame(Http2Reader.DATA, Http2Reader.END_STREAM, 1, new byte[] {0, 0});
            assertThat(reason(client)).isEqualTo("malformed_frame");
        }
        assertThat(server.heard).isEmpty();
    }

    @Test
    void ends_a_stream_of_too_many_messages() throws Exception {
        try (RawClient client = opened()) {
            ByteBuffer many = ByteBuffer.allocate(6 * (MessageRate.MAX + 1));
            while (many.hasRemaining()) {
                many.put(framed("x"));
            }
            data(client, many.array());
            assertThat(reason(client)).isEqualTo("user_rate_limited");
            assertThat(server.meters.streamsEnded(StreamEnd.FLOOD)).isEqualTo(1);
        }
    }

    @Test
    void a_stream_keeps_its_connection_but_not_in_silence() throws Exception {
        TransportSettings strict = TestGateway.strict();
        TransportSettings.Times times = strict.times();
        TransportSettings brief = new TransportSettings(
                strict.limits(),
                new TransportSettings.Times(
                        times.handshake(),
                        times.header(),
                        times.body(),
                        1,
                        times.answer(),
                        Duration.ofMillis(100),
                        Duration.ofSeconds(3)),
                strict.floods());
        restart(brief);
        try (RawClient client = opened()) {
            long began = System.nanoTime();
            assertThat(reason(client)).isEqualTo("deadline_exceeded");
            assertThat(System.nanoTime() - began)
                    .isGreaterThan(Duration.ofSeconds(2).toNanos());
            assertThat(server.next()).isEqualTo("(closed)");
            assertThat(server.meters.streamsEnded(StreamEnd.SILENT)).isEqualTo(1);
            TestGateway.await("the idle connection's end", () -> server.meters.ended(ConnectionEnd.IDLE) == 1);
        }
    }

    @Test
    void a_message_that_does_not_go_on_ends_the_connection() throws Exception {
        TransportSettings strict = TestGateway.strict();
        TransportSettings.Times times = strict.times();
        restart(new TransportSettings(
                strict.limits(),
                new TransportSettings.Times(
                        times.handshake(),
                        times.header(),
                        times.body(),
                        times.bodyBytesPerSecond(),
                        times.answer(),
                        times.idle(),
                        Duration.ofMinutes(1)), // else its silence ends the stream first
                strict.floods()));
        try (RawClient client = opened()) {
            data(client, new byte[] {0, 0, 0, 1, 0, 7});
            assertThat(client.readAll()).anyMatch(frame -> frame.type() == Http2Reader.GOAWAY);
            assertThat(server.meters.ended(ConnectionEnd.BODY_TIMEOUT)).isEqualTo(1);
            assertThat(server.next()).isEqualTo("(closed)");
        }
    }

    @Test
    void streams_hear_that_the_listener_drains_and_are_waited_for() throws Exception {
        try (RawClient client = opened();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            InboundStream stream = server.stream();
            Future<Boolean> drained = threads.submit(() -> server.listeners.drain(Duration.ofSeconds(30)));
            assertThat(server.next()).isEqualTo("(drain)");
            server.on(() -> {
                stream.send("bye".getBytes(StandardCharsets.UTF_8));
                stream.end(StreamServer.DONE);
            });
            assertThat(new String(
                            client.readAll().stream()
                                    .filter(frame -> frame.type() == Http2Reader.DATA)
                                    .findFirst()
                                    .orElseThrow()
                                    .content(),
                            StandardCharsets.UTF_8))
                    .endsWith("bye");
            assertThat(drained.get()).isTrue();
            assertThat(server.heard).isEmpty();
        }
    }

    @Test
    void streams_are_cut_off_at_the_end_of_draining() throws Exception {
        try (RawClient client = opened()) {
            assertThat(server.listeners.drain(Duration.ofMillis(50))).isFalse();
            assertThat(server.next()).isEqualTo("(drain)");
            assertThat(server.next()).isEqualTo("(closed)");
            assertThat(client.readAll()).isNotEmpty();
        }
    }

    private static String upgrade(String version, String more) {
        return "GET /stream HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                + "Sec-WebSocket-Version: " + version + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + more
                + "\r\n";
    }

    private static final String PROTOCOL = "Sec-WebSocket-Protocol: other, rialto.sync.1\r\n";

    @Test
    void refuses_an_upgrade_that_is_not_as_the_protocol_says() throws Exception {
        for (String asked : List.of(
                upgrade("13", ""),
                upgrade("13", PROTOCOL).replace("dGhl", "!"),
                upgrade("13", PROTOCOL).replace("dGhl", ""),
                upgrade("13", PROTOCOL).replace("keep-alive, Upgrade", "keep-alive"),
                upgrade("13", PROTOCOL + "Content-Length: 1\r\n") + "a")) {
            try (RawClient client = new RawClient(server.port()).write(asked)) {
                assertThat(client.readText()).startsWith("HTTP/1.1 400 ").contains("malformed_frame");
            }
        }
        try (RawClient client = new RawClient(server.port()).write(upgrade("8", PROTOCOL))) {
            assertThat(client.readText()).startsWith("HTTP/1.1 426 ").contains("sec-websocket-version: 13\r\n");
        }
        assertThat(server.heard).isEmpty();
    }

    @Test
    void accepts_a_web_socket_and_refuses_frames_that_break_its_rules() throws Exception {
        byte[] unmasked = {(byte) 0x82, 1, 1};
        byte[] text = {(byte) 0x81, (byte) 0x80, 0, 0, 0, 0};
        byte[] tooLong = {(byte) 0x82, (byte) 0xff, 0, 0, 0, 0, 0, 1, 0, 0x11, 0, 0, 0, 0};
        byte[] extension = {(byte) 0xc2, (byte) 0x80, 0, 0, 0, 0};
        for (byte[] frame : List.of(unmasked, text, tooLong, extension)) {
            try (RawClient client = new RawClient(server.port()).write(upgrade("13", PROTOCOL))) {
                assertThat(client.readUntil("\r\n\r\n"))
                        .startsWith("HTTP/1.1 101 ")
                        .contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")
                        .contains("sec-websocket-protocol: rialto.sync.1\r\n");
                client.write(new String(frame, StandardCharsets.ISO_8859_1));
                assertThat(client.readText()).as("frame %x", frame[0]).startsWith("\u0088");
            }
        }
        assertThat(server.meters.ended(ConnectionEnd.MALFORMED_WEBSOCKET)).isEqualTo(3);
        assertThat(server.heard).isEmpty();
    }

    @Test
    void ends_a_web_socket_without_a_first_message_and_one_that_only_pings() throws Exception {
        restart(TestGateway.strict());
        try (RawClient client = new RawClient(server.port()).write(upgrade("13", PROTOCOL))) {
            client.readUntil("\r\n\r\n");
            assertThat(client.readText()).contains("no first message");
            assertThat(server.meters.ended(ConnectionEnd.HEADER_TIMEOUT)).isEqualTo(1);
        }
        restart(TransportSettings.defaults());
        String ping = new String(new byte[] {(byte) 0x89, (byte) 0x80, 0, 0, 0, 0}, StandardCharsets.ISO_8859_1);
        try (RawClient client = new RawClient(server.port()).write(upgrade("13", PROTOCOL))) {
            client.readUntil("\r\n\r\n");
            client.write(ping.repeat(201));
            assertThat(client.readText()).contains("too many pings");
            assertThat(server.meters.ended(ConnectionEnd.CONTROL_FLOOD)).isEqualTo(1);
        }
    }

    @Test
    void holds_little_for_a_web_socket_that_takes_nothing() throws Exception {
        String hello = new String(new byte[] {(byte) 0x82, (byte) 0x81, 0, 0, 0, 0, 7}, StandardCharsets.ISO_8859_1);
        try (RawClient client = new RawClient(server.port()).write(upgrade("13", PROTOCOL))) {
            client.readUntil("\r\n\r\n");
            client.write(hello);
            assertThat(server.next()).isEqualTo("(hello 1)");
            InboundStream stream = server.stream();
            int sent = 0;
            while (!server.heard.contains("(closed)") && sent++ < 10_000) {
                server.on(() -> stream.send(new byte[64 << 10]));
            }
            // The kernel's buffers may grow and take more in between.
            assertThat(server.heard).contains("(closed)");
            assertThat(server.meters.streamsEnded(StreamEnd.SLOW)).isEqualTo(1);
            assertThat(server.meters.ended(ConnectionEnd.QUEUE_FULL)).isEqualTo(1);
        }
        assertThat(server.meters.refused(Reason.INTERNAL)).isZero();
    }
}
