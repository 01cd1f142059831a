package io.rialto.gateway.transport;

import static io.rialto.gateway.transport.Http2Reader.CONTINUATION;
import static io.rialto.gateway.transport.Http2Reader.DATA;
import static io.rialto.gateway.transport.Http2Reader.END_HEADERS;
import static io.rialto.gateway.transport.Http2Reader.END_STREAM;
import static io.rialto.gateway.transport.Http2Reader.GOAWAY;
import static io.rialto.gateway.transport.Http2Reader.HEADERS;
import static io.rialto.gateway.transport.Http2Reader.PADDED;
import static io.rialto.gateway.transport.Http2Reader.PING;
import static io.rialto.gateway.transport.Http2Reader.PRIORITY;
import static io.rialto.gateway.transport.Http2Reader.PUSH_PROMISE;
import static io.rialto.gateway.transport.Http2Reader.RST_STREAM;
import static io.rialto.gateway.transport.Http2Reader.SETTINGS;
import static io.rialto.gateway.transport.Http2Reader.WINDOW_UPDATE;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.rialto.gateway.transport.RawClient.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What RFC 9113 forbids ends the connection with the code for it, or the stream; what it allows is served. */
final class Http2RulesTest {
    private static final int END_ALL = END_HEADERS | END_STREAM;
    private static final byte[] POST = RawClient.request("/echo");
    private static final byte[] HELD = RawClient.request("/held");

    private static TestGateway gateway;

    @BeforeAll
    static void start() throws IOException {
        gateway = new TestGateway(TestGateway.strict());
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    interface Wrong {
        void on(RawClient client) throws IOException;
    }

    private static Arguments wrong(String what, Http2Error error, Wrong wrong) {
        return Arguments.argumentSet(what, error, wrong);
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static byte[] setting(int name, long value) {
        return bytes(
                0,
                name,
                (int) (value >> 24) & 255,
                (int) (value >> 16) & 255,
                (int) (value >> 8) & 255,
                (int) value & 255);
    }

    static Stream<Arguments> windowsAndSettings() {
        byte[] most = bytes(0x7f, 0xff, 0xff, 0xff);
        return Stream.of(
                wrong("window update by 0", Http2Error.PROTOCOL_ERROR, c -> c.frame(WINDOW_UPDATE, 0, 0, new byte[4])),
                wrong(
                        "window update by 0 of a stream",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.call(1, "/held").frame(WINDOW_UPDATE, 0, 1, new byte[4])),
                wrong(
                        "stream's window above its most",
                        Http2Error.FLOW_CONTROL_ERROR,
                        c -> c.call(1, "/held").frame(WINDOW_UPDATE, 0, 1, most)),
                wrong(
                        "window update of an idle stream",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(WINDOW_UPDATE, 0, 9, bytes(0, 0, 0, 1))),
                wrong(
                        "window update of 3 bytes",
                        Http2Error.FRAME_SIZE_ERROR,
                        c -> c.frame(WINDOW_UPDATE, 0, 0, new byte[3])),
                wrong(
                        "initial window above its most",
                        Http2Error.FLOW_CONTROL_ERROR,
                        c -> c.frame(SETTINGS, 0, 0, setting(4, 1L << 31))),
                wrong(
                        "initial window that lifts a stream's above its most",
                        Http2Error.FLOW_CONTROL_ERROR,
                        c -> c.call(1, "/held")
                                .frame(WINDOW_UPDATE, 0, 1, bytes(0x7f, 0xff, 0, 0))
                                .frame(SETTINGS, 0, 0, setting(4, 65_536))),
                wrong("push of 2", Http2Error.PROTOCOL_ERROR, c -> c.frame(SETTINGS, 0, 0, setting(2, 2))),
                wrong("small frame size", Http2Error.PROTOCOL_ERROR, c -> c.frame(SETTINGS, 0, 0, setting(5, 16_383))),
                wrong("large frame size", Http2Error.PROTOCOL_ERROR, c -> c.frame(SETTINGS, 0, 0, setting(5, 1 << 24))),
                wrong("settings of 5 bytes", Http2Error.FRAME_SIZE_ERROR, c -> c.frame(SETTINGS, 0, 0, new byte[5])),
                wrong(
                        "settings' ack with content",
                        Http2Error.FRAME_SIZE_ERROR,
                        c -> c.frame(SETTINGS, Http2Reader.ACK, 0, new byte[6])),
                wrong("settings of a stream", Http2Error.PROTOCOL_ERROR, c -> c.frame(SETTINGS, 0, 1)),
                wrong(
                        "settings without end",
                        Http2Error.ENHANCE_YOUR_CALM,
                        c -> c.frame(SETTINGS, 0, 0, new byte[33 * 6])));
    }

    static Stream<Arguments> frames() {
        return Stream.of(
                wrong("ping of 7 bytes", Http2Error.FRAME_SIZE_ERROR, c -> c.frame(PING, 0, 0, new byte[7])),
                wrong("ping of a stream", Http2Error.PROTOCOL_ERROR, c -> c.frame(PING, 0, 1, new byte[8])),
                wrong("goaway of 7 bytes", Http2Error.FRAME_SIZE_ERROR, c -> c.frame(GOAWAY, 0, 0, new byte[7])),
                wrong("goaway of a stream", Http2Error.PROTOCOL_ERROR, c -> c.frame(GOAWAY, 0, 1, new byte[8])),
                wrong(
                        "reset of an idle stream",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(RST_STREAM, 0, 9, new byte[4])),
                wrong("reset of stream 0", Http2Error.PROTOCOL_ERROR, c -> c.frame(RST_STREAM, 0, 0, new byte[4])),
                wrong(
                        "reset of 3 bytes",
                        Http2Error.FRAME_SIZE_ERROR,
                        c -> c.call(1, "/held").frame(RST_STREAM, 0, 1, new byte[3])),
                wrong("priority of 4 bytes", Http2Error.FRAME_SIZE_ERROR, c -> c.frame(PRIORITY, 0, 1, new byte[4])),
                wrong("priority of stream 0", Http2Error.PROTOCOL_ERROR, c -> c.frame(PRIORITY, 0, 0, new byte[5])),
                wrong("push promise", Http2Error.PROTOCOL_ERROR, c -> c.frame(PUSH_PROMISE, 0, 1, new byte[4])),
                wrong("data on stream 0", Http2Error.PROTOCOL_ERROR, c -> c.frame(DATA, 0, 0, new byte[1])),
                wrong(
                        "data's padding longer than its frame",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, END_HEADERS, 1, POST).frame(DATA, PADDED, 1, bytes(2, 0))),
                wrong(
                        "data without its padding's length",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, END_HEADERS, 1, POST).frame(DATA, PADDED, 1)),
                wrong(
                        "headers' padding longer than its frame",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, END_ALL | PADDED, 1, bytes(9, 0, 0))),
                wrong(
                        "headers without its padding's length",
                        Http2Error.FRAME_SIZE_ERROR,
                        c -> c.frame(HEADERS, END_ALL | PADDED, 1)),
                wrong(
                        "headers without its priority",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, END_ALL | Http2Reader.WITH_PRIORITY, 1, new byte[4])));
    }

    static Stream<Arguments> streams() {
        return Stream.of(
                wrong("headers on stream 0", Http2Error.PROTOCOL_ERROR, c -> c.frame(HEADERS, END_ALL, 0, POST)),
                wrong("headers on an even stream", Http2Error.PROTOCOL_ERROR, c -> c.frame(HEADERS, END_ALL, 2, POST)),
                wrong(
                        "a request on a stream that has ended",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.call(1, "/echo").call(1, "/echo")),
                wrong(
                        "a request on a stream that was passed over",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.call(5, "/echo").call(3, "/echo")),
                wrong(
                        "headers after the end",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, END_ALL, 1, HELD).frame(HEADERS, END_ALL, 1, RawClient.block("a", "b"))),
                wrong(
                        "trailers that do not end",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, END_HEADERS, 1, HELD)
                                .frame(HEADERS, END_HEADERS, 1, RawClient.block("a", "b"))),
                wrong(
                        "data after the end",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, END_ALL, 1, HELD).frame(DATA, END_STREAM, 1, new byte[1])),
                wrong("continuation of nothing", Http2Error.PROTOCOL_ERROR, c -> c.frame(CONTINUATION, 0, 1)),
                wrong(
                        "continuation of another stream",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, 0, 1, POST).frame(CONTINUATION, END_HEADERS, 3)),
                wrong(
                        "data inside a header block",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, 0, 1, POST).frame(DATA, 0, 1)),
                wrong(
                        "unknown frame inside a header block",
                        Http2Error.PROTOCOL_ERROR,
                        c -> c.frame(HEADERS, 0, 1, POST).frame(99, 0, 1)),
                wrong(
                        "empty last data for streams that have ended, again and again",
                        Http2Error.ENHANCE_YOUR_CALM,
                        c -> {
                            c.call(1, "/echo");
                            for (int i = 0; i < 50; i++) {
                                c.frame(DATA, END_STREAM, 1);
                            }
                        }),
                wrong("bodies too large, so that their streams are reset", Http2Error.ENHANCE_YOUR_CALM, c -> {
                    for (int stream = 1; stream < 60; stream += 2) {
                        c.frame(HEADERS, END_HEADERS, stream, RawClient.request("/echo", "content-length", "20001"));
                    }
                }));
    }

    @ParameterizedTest
    @MethodSource({"windowsAndSettings", "frames", "streams"})
    void ends_the_connection(Http2Error error, Wrong wrong) throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            try {
                wrong.on(client);
            } catch (SocketException e) {
                // The gateway has closed already.
            }
            List<Frame> frames = client.readAll();
            assertThat(frames).isNotEmpty();
            Frame last = frames.get(frames.size() - 1);
            assertThat(last.type()).isEqualTo(GOAWAY);
            assertThat((long) last.code()).isEqualTo(error.code());
        }
    }

    static Stream<Arguments> malformed() {
        String[] usual = {":method", "POST", ":scheme", "http", ":authority", "localhost", ":path", "/echo"};
        return Stream.of(
                fields("tunnel", ":method", "CONNECT", ":authority", "localhost:1"),
                fields("tunnel with a path", replaced(usual, "POST", "CONNECT")),
                fields("extended tunnel", with(replaced(usual, "POST", "CONNECT"), ":protocol", "websocket")),
                fields("method in lower case", replaced(usual, "POST", "post")),
                fields("method with a space", replaced(usual, "POST", "GET / HTTP/1.1\r\nHost: a")),
                fields("no method", Arrays.copyOfRange(usual, 2, 8)),
                fields("no path", Arrays.copyOf(usual, 6)),
                fields("no authority", ":method", "POST", ":scheme", "http", ":path", "/echo"),
                fields("unknown scheme", replaced(usual, "http", "ftp")),
                fields("scheme with a host", replaced(usual, "http", "http://evil/")),
                fields("path with a space", replaced(usual, "/echo", "/a b")),
                fields("path of another form", replaced(usual, "/echo", "http://a/")),
                fields("empty path", replaced(usual, "/echo", "")),
                fields("asterisk", replaced(usual, "/echo", "*")),
                fields("authority with a user", replaced(usual, "localhost", "a@b")),
                fields("empty authority", replaced(usual, "localhost", "")),
                fields("method twice", with(usual, ":method", "POST")),
                fields("path twice", with(usual, ":path", "/echo")),
                fields("pseudo-header after a header", with(usual, "a", "b", ":x", "y")),
                fields("answer's pseudo-header", with(usual, ":status", "200")),
                fields("host twice", with(usual, "host", "localhost", "host", "localhost")),
                fields("host of another name", with(usual, "host", "other")),
                fields("empty name", with(usual, "", "b")),
                fields("name with a space", with(usual, "a b", "c")),
                fields("name with a colon", with(usual, "a:b", "c")),
                fields("name with a line end", with(usual, "a\r\nb", "c")),
                fields("value that begins with a space", with(usual, "a", " b")),
                fields("value that ends with a tab", with(usual, "a", "b\t")),
                fields("value with a zero", with(usual, "a", "b\0c")),
                fields("content-length not met", with(usual, "content-length", "4")),
                fields("content-length twice", with(usual, "content-length", "0", "content-length", "0")),
                fields("content-length with a sign", with(usual, "content-length", "+0")),
                fields("keep-alive", with(usual, "keep-alive", "1")),
                fields("upgrade", with(usual, "upgrade", "h2c")),
                fields("proxy-connection", with(usual, "proxy-connection", "close")),
                fields("te of a coding", with(usual, "te", "trailers, deflate")));
    }

    private static Arguments fields(String what, String... fields) {
        return Arguments.argumentSet(what, (Object) fields);
    }

    private static String[] with(String[] fields, String... more) {
        return Stream.concat(Arrays.stream(fields), Arrays.stream(more)).toArray(String[]::new);
    }

    private static String[] replaced(String[] fields, String before, String after) {
        return Arrays.stream(fields).map(f -> f.equals(before) ? after : f).toArray(String[]::new);
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void refuses_a_malformed_request_and_goes_on(String[] fields) throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            client.frame(HEADERS, END_ALL, 1, RawClient.block(fields));
            refused(client, 1);
            client.call(3, "/echo");
            assertThat(client.read(HEADERS).stream()).isEqualTo(3);
        }
    }

    private static void refused(RawClient client, int stream) throws IOException {
        assertThat(client.read(HEADERS).stream()).isEqualTo(stream);
        assertThat(new String(client.read(DATA).content(), StandardCharsets.UTF_8))
                .contains("malformed_frame");
    }

    @Test
    void refuses_a_body_that_is_not_as_long_as_declared_and_pseudo_headers_among_trailers() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            byte[] four = RawClient.request("/echo", "content-length", "4");
            client.frame(HEADERS, END_HEADERS, 1, four).frame(DATA, END_STREAM, 1, new byte[3]);
            refused(client, 1);
            client.frame(HEADERS, END_HEADERS, 3, four).frame(DATA, END_STREAM, 3, new byte[5]);
            refused(client, 3);
            client.frame(HEADERS, END_HEADERS, 5, four)
                    .frame(DATA, 0, 5, new byte[3])
                    .frame(HEADERS, END_ALL, 5, RawClient.block("a", "b"));
            refused(client, 5);
            client.frame(HEADERS, END_HEADERS, 7, POST).frame(HEADERS, END_ALL, 7, RawClient.block(":path", "/"));
            refused(client, 7);
        }
    }

    @Test
    void takes_padding_priority_continuations_unknown_frames_and_trailers() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            head.write(3);
            head.writeBytes(new byte[] {0, 0, 0, 0, 9});
            head.write(POST, 0, 10);
            head.writeBytes(new byte[3]);
            client.frame(99, 7, 1, new byte[3])
                    .frame(HEADERS, PADDED | Http2Reader.WITH_PRIORITY, 1, head.toByteArray())
                    .frame(CONTINUATION, 0, 1)
                    .frame(CONTINUATION, END_HEADERS, 1, Arrays.copyOfRange(POST, 10, POST.length))
                    .frame(DATA, PADDED, 1, bytes(2, 'h', 'i', 0, 0))
                    .frame(HEADERS, END_ALL, 1, RawClient.block("a", "b"));
            assertThat(client.read(HEADERS).flags()).isEqualTo(END_HEADERS);
            assertThat(client.read(DATA).content()).isEqualTo(bytes('h', 'i'));
        }
    }

    @Test
    void confirms_pings_and_settings() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort(), 4, 100_000)) {
            assertThat(client.read().flags()).isZero();
            assertThat(client.read(SETTINGS).flags()).isEqualTo(Http2Reader.ACK);
            client.frame(PING, 0, 0, bytes(1, 2, 3, 4, 5, 6, 7, 8));
            Frame ping = client.read(PING);
            assertThat(ping.flags()).isEqualTo(Http2Reader.ACK);
            assertThat(ping.content()).isEqualTo(bytes(1, 2, 3, 4, 5, 6, 7, 8));
        }
    }

    @Test
    void a_window_may_fall_below_zero_and_rise_again() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort(), 4, 10_000)) {
            client.call(1, "/size/30000");
            assertThat(client.read(DATA).content()).hasSize(10_000);
            // 10,000 less than nothing, then 5,000 more than that.
            client.frame(SETTINGS, 0, 0, setting(4, 0)).frame(SETTINGS, 0, 0, setting(4, 15_000));
            assertThat(client.read(DATA).content()).hasSize(5_000);
            client.frame(WINDOW_UPDATE, 0, 1, bytes(0, 0, 0x3a, 0x98));
            Frame rest = client.read(DATA);
            assertThat(rest.content()).hasSize(15_000);
            assertThat(rest.flags()).isEqualTo(END_STREAM);
        }
    }

    @Test
    void the_length_of_an_answer_is_the_transports_to_say() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            client.frame(
                    HEADERS,
                    END_ALL,
                    1,
                    RawClient.block(":method", "HEAD", ":scheme", "http", ":authority", "a", ":path", "/lengths"));
            Frame head = client.read(HEADERS);
            assertThat(head.flags()).isEqualTo(END_HEADERS);
            assertThat(new String(head.content(), StandardCharsets.ISO_8859_1))
                    .contains("77")
                    .doesNotContain("88");
            client.call(3, "/lengths");
            assertThat(new String(client.read(HEADERS).content(), StandardCharsets.ISO_8859_1))
                    .doesNotContain("77")
                    .doesNotContain("88");
        }
    }
}
