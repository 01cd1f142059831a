package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.gateway.transport.RawClient.Frame;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each abuse ends its own connection, with the code for it, and another connection is served before and after. */
final class Http2AbuseTest {
    private static final int END_HEADERS = Http2Reader.END_HEADERS;
    private static final int END_ALL = Http2Reader.END_HEADERS | Http2Reader.END_STREAM;

    private TestGateway gateway;
    private RawClient good;
    private int goodStream = 1;

    @BeforeEach
    void start() throws IOException {
        gateway = new TestGateway(TestGateway.strict());
        good = RawClient.http2(gateway.plainPort());
        goodIsServed();
    }

    @AfterEach
    void stop() throws IOException {
        good.close();
        gateway.close();
    }

    private void goodIsServed() throws IOException {
        good.call(goodStream, "/echo");
        assertThat(good.read(Http2Reader.HEADERS).stream()).isEqualTo(goodStream);
        goodStream += 2;
    }

    private interface Abuse {
        void on(RawClient client) throws IOException;
    }

    private void ends(ConnectionEnd cause, Abuse abuse, int... settings) throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort(), settings)) {
            try {
                abuse.on(client);
            } catch (SocketException e) {
                // The gateway has closed already.
            }
            List<Frame> frames = client.readAll();
            assertThat(frames).isNotEmpty();
            Frame last = frames.get(frames.size() - 1);
            assertThat(last.type()).isEqualTo(Http2Reader.GOAWAY);
            assertThat((long) last.code()).isEqualTo(cause.http2Error().code());
        }
        assertThat(gateway.meters.ended(cause)).isEqualTo(1);
        goodIsServed();
        TestGateway.await("the connection is forgotten", () -> gateway.listeners.connections() == 1);
    }

    @Test
    void rapid_reset() throws IOException {
        ends(ConnectionEnd.RESET_FLOOD, client -> {
            for (int stream = 1; stream < 60; stream += 2) {
                client.call(stream, "/held");
                frame(client, Http2Reader.RST_STREAM, 0, stream, 0, 0, 0, 8);
            }
        });
        assertThat(gateway.handler.cancelled).hasPositiveValue();
    }

    private static void frame(RawClient client, int type, int flags, int stream, int... content) throws IOException {
        byte[] bytes = new byte[content.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) content[i];
        }
        client.frame(type, flags, stream, bytes);
    }

    @Test
    void resets_that_the_client_makes_the_server_send() throws IOException {
        ends(ConnectionEnd.RESET_FLOOD, client -> {
            for (int stream = 1; stream < 60; stream += 2) {
                client.frame(Http2Reader.HEADERS, END_ALL, stream, RawClient.block(":method", "POST"));
            }
        });
    }

    @Test
    void continuation_flood() throws IOException {
        ends(ConnectionEnd.CONTINUATION_FLOOD, client -> {
            client.frame(Http2Reader.HEADERS, 0, 1, RawClient.request("/echo"));
            for (int i = 0; i < 50; i++) {
                client.frame(Http2Reader.CONTINUATION, 0, 1, RawClient.block("a", "b"));
            }
        });
    }

    @Test
    void settings_flood() throws IOException {
        ends(ConnectionEnd.CONTROL_FLOOD, client -> {
            for (int i = 0; i < 50; i++) {
                client.frame(Http2Reader.SETTINGS, 0, 0);
            }
        });
    }

    @Test
    void ping_flood() throws IOException {
        ends(ConnectionEnd.CONTROL_FLOOD, client -> {
            for (int i = 0; i < 50; i++) {
                client.frame(Http2Reader.PING, 0, 0, new byte[8]);
            }
        });
    }

    @Test
    void flood_of_priority_and_unknown_frames() throws IOException {
        ends(ConnectionEnd.CONTROL_FLOOD, client -> {
            for (int i = 0; i < 25; i++) {
                client.frame(Http2Reader.PRIORITY, 0, 1, new byte[5]).frame(99, 0, 1, new byte[7]);
            }
        });
    }

    @Test
    void empty_data_flood() throws IOException {
        ends(ConnectionEnd.EMPTY_FRAME_FLOOD, client -> {
            client.frame(Http2Reader.HEADERS, END_HEADERS, 1, RawClient.request("/echo"));
            for (int i = 0; i < 50; i++) {
                client.frame(Http2Reader.DATA, 0, 1);
            }
        });
    }

    @Test
    void flood_of_trailers_for_calls_that_ended() throws IOException {
        ends(ConnectionEnd.RESET_FLOOD, client -> {
            client.call(1, "/echo");
            for (int i = 0; i < 50; i++) {
                client.frame(Http2Reader.HEADERS, END_ALL, 1, RawClient.block("a", "b"));
            }
        });
    }

    @Test
    void window_that_opens_by_single_bytes() throws IOException {
        ends(
                ConnectionEnd.WINDOW_FLOOD,
                client -> {
                    client.call(1, "/size/1000");
                    for (int i = 0; i < 400; i++) {
                        frame(client, Http2Reader.WINDOW_UPDATE, 0, 1, 0, 0, 0, 1);
                    }
                },
                4,
                0);
    }

    @Test
    void window_that_stays_closed() throws IOException {
        ends(ConnectionEnd.ANSWER_STALLED, client -> client.call(1, "/size/1000"), 4, 0);
    }

    @Test
    void window_beyond_its_most() throws IOException {
        ends(
                ConnectionEnd.HTTP2_FLOW_CONTROL,
                client -> frame(client, Http2Reader.WINDOW_UPDATE, 0, 0, 0x7f, 0xff, 0xff, 0xff));
    }

    @Test
    void more_answers_waiting_than_allowed() throws IOException {
        ends(ConnectionEnd.QUEUE_FULL, client -> client.call(1, "/size/40000").call(3, "/size/40000"), 4, 0);
    }

    @Test
    void header_block_far_over_the_limit() throws IOException {
        ends(ConnectionEnd.HEADER_BOMB, client -> client.frame(Http2Reader.HEADERS, 0, 1, new byte[9_000]));
    }

    @Test
    void block_that_hpack_cannot_decode() throws IOException {
        ends(ConnectionEnd.HTTP2_COMPRESSION, client -> frame(client, Http2Reader.HEADERS, END_ALL, 1, 0xff, 0xff));
    }

    @Test
    void frame_over_the_largest_size() throws IOException {
        ends(ConnectionEnd.HTTP2_FRAME_SIZE, client -> client.frame(Http2Reader.DATA, 0, 1, new byte[20_000]));
    }

    @Test
    void data_on_a_stream_that_was_never_opened() throws IOException {
        ends(ConnectionEnd.HTTP2_PROTOCOL, client -> client.frame(Http2Reader.DATA, 0, 7, new byte[1]));
    }

    @Test
    void another_frame_inside_a_header_block() throws IOException {
        ends(
                ConnectionEnd.HTTP2_PROTOCOL,
                client -> client.frame(Http2Reader.HEADERS, 0, 1, RawClient.request("/echo"))
                        .frame(Http2Reader.PING, 0, 0, new byte[8]));
    }

    @Test
    void header_block_that_never_ends() throws IOException {
        ends(
                ConnectionEnd.HEADER_TIMEOUT,
                client -> client.frame(Http2Reader.HEADERS, 0, 1, RawClient.request("/echo")));
    }

    @Test
    void frame_that_never_ends() throws IOException {
        ends(ConnectionEnd.HEADER_TIMEOUT, client -> client.write("\0\0\u0008"));
    }

    @Test
    void body_that_never_ends() throws IOException {
        ends(
                ConnectionEnd.BODY_TIMEOUT,
                client -> client.frame(Http2Reader.HEADERS, END_HEADERS, 1, RawClient.request("/echo"))
                        .frame(Http2Reader.DATA, 0, 1, new byte[10]));
    }

    @Test
    void header_bomb_by_references_is_refused_and_the_connection_goes_on() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            // One entry of 3 KiB into the dynamic table, then references to it.
            byte[] literal = RawClient.block("bomb", "b".repeat(3_000));
            literal[0] = 0x40;
            byte[] head = RawClient.request("/echo");
            byte[] block = new byte[head.length + literal.length + 500];
            System.arraycopy(head, 0, block, 0, head.length);
            System.arraycopy(literal, 0, block, head.length, literal.length);
            Arrays.fill(block, head.length + literal.length, block.length, (byte) (0x80 | 62));
            client.frame(Http2Reader.HEADERS, END_ALL, 1, block);
            refused(client, 1, Reason.HEADERS_TOO_LARGE);
            client.call(3, "/echo");
            assertThat(client.read(Http2Reader.HEADERS).stream()).isEqualTo(3);
        }
        goodIsServed();
    }

    private void refused(RawClient client, int stream, Reason reason) throws IOException {
        assertThat(client.read(Http2Reader.HEADERS).stream()).isEqualTo(stream);
        Frame body = client.read(Http2Reader.DATA);
        assertThat(new String(body.content(), StandardCharsets.UTF_8))
                .contains("\"reason\": \"" + reason.wireName() + "\"");
        assertThat(gateway.meters.refused(reason)).isPositive();
    }

    @Test
    void body_over_the_limit_is_refused_before_it_has_come_and_its_stream_reset() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            client.frame(Http2Reader.HEADERS, END_HEADERS, 1, RawClient.request("/echo", "content-length", "20001"));
            refused(client, 1, Reason.BODY_TOO_LARGE);
            assertThat(client.read(Http2Reader.RST_STREAM).code()).isZero();
            client.frame(Http2Reader.HEADERS, END_HEADERS, 3, RawClient.request("/echo"))
                    .frame(Http2Reader.DATA, 0, 3, new byte[16_000])
                    .frame(Http2Reader.DATA, 0, 3, new byte[4_001]);
            refused(client, 3, Reason.BODY_TOO_LARGE);
        }
    }

    @Test
    void bodies_that_wait_for_their_ends_are_bounded_together() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            client.frame(Http2Reader.HEADERS, END_HEADERS, 1, RawClient.request("/echo"))
                    .frame(Http2Reader.DATA, 0, 1, new byte[16_000])
                    .frame(Http2Reader.HEADERS, END_HEADERS, 3, RawClient.request("/echo"))
                    .frame(Http2Reader.DATA, 0, 3, new byte[16_000]);
            refused(client, 3, Reason.OVERLOADED);
        }
    }

    @Test
    void malformed_requests_are_refused_one_by_one() throws IOException {
        String[][] wrong = {
            {"content-length", "x"},
            {"content-length", "1", "content-length", "1"},
            {"connection", "close"},
            {"transfer-encoding", "chunked"},
            {"te", "gzip"},
            {"Upper", "case"},
            {"line", "end\r\nhere: 1"},
            {":late", "pseudo"},
            {"host", "other"}
        };
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            for (int i = 0; i < wrong.length; i++) {
                int stream = 2 * i + 1;
                client.frame(Http2Reader.HEADERS, END_ALL, stream, RawClient.request("/echo", wrong[i]));
                refused(client, stream, Reason.MALFORMED_FRAME);
            }
        }
    }

    @Test
    void streams_over_the_limit_are_refused_and_may_come_again() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            for (int stream = 1; stream <= 9; stream += 2) {
                client.call(stream, "/held");
            }
            Frame reset = client.read(Http2Reader.RST_STREAM);
            assertThat(reset.stream()).isEqualTo(9);
            assertThat(reset.code()).isEqualTo(7);
            gateway.handler.release();
            assertThat(client.read(Http2Reader.HEADERS).stream()).isEqualTo(1);
        }
    }

    @Test
    void connections_over_the_limit_per_address_are_closed() throws IOException {
        RawClient[] clients = new RawClient[20];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = new RawClient(gateway.plainPort());
        }
        TestGateway.await("one too many", () -> gateway.meters.ended(ConnectionEnd.ADDRESS_LIMIT) == 1);
        for (RawClient client : clients) {
            client.close();
        }
        goodIsServed();
        TestGateway.await("the others have left", () -> gateway.listeners.connections() == 1);
    }

    @Test
    void answers_with_trailers_end_by_them() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            client.call(1, "/trailers");
            assertThat(client.read(Http2Reader.HEADERS).flags() & Http2Reader.END_STREAM)
                    .isZero();
            assertThat(client.read(Http2Reader.HEADERS).flags()).isEqualTo(END_ALL);
        }
    }

    @Test
    void a_phone_that_leaves_cancels_its_calls() throws IOException {
        try (RawClient client = RawClient.http2(gateway.plainPort())) {
            client.call(1, "/held");
            TestGateway.await("the call", () -> !gateway.handler.held.isEmpty());
        }
        TestGateway.await("the cancel", () -> gateway.handler.cancelled.get() == 1);
        gateway.handler.release();
        goodIsServed();
    }
}
