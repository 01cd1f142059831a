package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.loop.Loop;
import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** By a clock of its own: how slow a phone may be, with the default settings. */
final class SlowPhoneTest {
    private static final int ANSWER_BYTES = 200_000;
    private static final int NEVER = 600;

    private final CountingMeters meters = new CountingMeters();
    private final Port port = new Port(Listener.PUBLIC, TransportSettings.defaults(), this::handle, meters);
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private long now = 1;
    private int calls;
    private Lane lane;

    @BeforeEach
    void connect() {
        lane = new Lane(port, new Loop(channel.eventLoop(), () -> now));
        assertThat(port.admit(channel)).isTrue();
        channel.pipeline().addLast(new Opening(lane, channel, false));
    }

    @AfterEach
    void leave() {
        channel.finishAndReleaseAll();
        assertThat(port.receiving()).isZero();
    }

    private void handle(InboundCall call) {
        calls++;
        call.body().release();
        call.answer(200, new HeaderList(), Unpooled.buffer().writeZero(ANSWER_BYTES), null);
    }

    private void send(String text) {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void send(byte... bytes) {
        channel.writeInbound(Unpooled.copiedBuffer(bytes));
        channel.runPendingTasks();
        for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            ReferenceCountUtil.release(out);
        }
    }

    private void frame(int type, int flags, int stream, byte... content) {
        ByteBuf frame = Unpooled.buffer();
        frame.writeMedium(content.length)
                .writeByte(type)
                .writeByte(flags)
                .writeInt(stream)
                .writeBytes(content);
        byte[] bytes = new byte[frame.readableBytes()];
        frame.readBytes(bytes);
        send(bytes);
    }

    private void http2() {
        send(RawClient.PREFACE);
        frame(Http2Reader.SETTINGS, 0, 0);
    }

    private void wideStreams() {
        frame(Http2Reader.SETTINGS, 0, 0, (byte) 0, (byte) 4, (byte) 0, (byte) 16, (byte) 0, (byte) 0);
    }

    private void window(int stream, int bytes) {
        frame(
                Http2Reader.WINDOW_UPDATE,
                0,
                stream,
                (byte) (bytes >> 24),
                (byte) (bytes >> 16),
                (byte) (bytes >> 8),
                (byte) bytes);
    }

    /** After how many seconds the connection is ended, doing something every five. */
    private int secondsUntilTheEnd(Runnable everyFive) {
        for (int second = 1; second < NEVER; second++) {
            now += TimeUnit.SECONDS.toNanos(1);
            if (second % 5 == 0) {
                everyFive.run();
            }
            lane.forEach(connection -> connection.sweep(now));
            channel.runPendingTasks();
            if (meters.ended(ConnectionEnd.ANSWER_STALLED)
                            + meters.ended(ConnectionEnd.BODY_TIMEOUT)
                            + meters.ended(ConnectionEnd.IDLE)
                    > 0) {
                return second;
            }
        }
        return NEVER;
    }

    @Test
    void a_body_that_came_quickly_at_first_must_go_on() {
        http2();
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS, 1, RawClient.request("/echo"));
        for (int i = 0; i < 16; i++) {
            frame(Http2Reader.DATA, 0, 1, new byte[16_000]);
        }
        assertThat(port.receiving()).isEqualTo(256_000);
        assertThat(secondsUntilTheEnd(() -> frame(Http2Reader.DATA, 0, 1, new byte[1])))
                .isBetween(20, 25);
        assertThat(meters.ended(ConnectionEnd.BODY_TIMEOUT)).isEqualTo(1);
    }

    @Test
    void a_body_at_the_least_rate_may_go_on() {
        http2();
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS, 1, RawClient.request("/echo"));
        assertThat(secondsUntilTheEnd(() -> frame(Http2Reader.DATA, 0, 1, new byte[5 * 300])))
                .isEqualTo(NEVER);
    }

    @Test
    void a_body_that_stops_ends_its_connection() {
        http2();
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS, 1, RawClient.request("/echo"));
        frame(Http2Reader.DATA, 0, 1, new byte[16_000]);
        assertThat(secondsUntilTheEnd(() -> {})).isBetween(20, 25);
        assertThat(meters.ended(ConnectionEnd.BODY_TIMEOUT)).isEqualTo(1);
    }

    @Test
    void a_connection_without_calls_ends_after_the_idle_time() {
        http2();
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS | Http2Reader.END_STREAM, 1, RawClient.request("/a"));
        window(1, ANSWER_BYTES);
        window(0, ANSWER_BYTES);
        assertThat(secondsUntilTheEnd(() -> {})).isBetween(300, 302);
        assertThat(meters.ended(ConnectionEnd.IDLE)).isEqualTo(1);
    }

    @Test
    void a_body_in_http1_must_go_on_too() {
        send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + "a".repeat(200_000));
        assertThat(port.receiving()).isEqualTo(200_000);
        assertThat(secondsUntilTheEnd(() -> send((byte) 1))).isBetween(20, 25);
        assertThat(meters.ended(ConnectionEnd.BODY_TIMEOUT)).isEqualTo(1);
    }

    @Test
    void an_answer_must_be_taken_at_the_least_rate() {
        http2();
        window(0, 1 << 20);
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS | Http2Reader.END_STREAM, 1, RawClient.request("/a"));
        assertThat(secondsUntilTheEnd(() -> window(1, 300))).isBetween(20, 50);
        assertThat(meters.ended(ConnectionEnd.ANSWER_STALLED)).isEqualTo(1);
    }

    @Test
    void the_connections_window_must_be_opened_at_the_least_rate() {
        http2();
        wideStreams();
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS | Http2Reader.END_STREAM, 1, RawClient.request("/a"));
        assertThat(secondsUntilTheEnd(() -> window(0, 300))).isBetween(20, 50);
        assertThat(meters.ended(ConnectionEnd.ANSWER_STALLED)).isEqualTo(1);
    }

    @Test
    void an_answer_that_waits_for_others_on_a_slow_connection_is_not_to_blame() {
        http2();
        wideStreams();
        for (int stream = 1; stream <= 39; stream += 2) {
            frame(
                    Http2Reader.HEADERS,
                    Http2Reader.END_HEADERS | Http2Reader.END_STREAM,
                    stream,
                    RawClient.request("/a"));
        }
        assertThat(calls).isEqualTo(20);
        // 3 KiB a second for twenty answers: each moves about once in a hundred seconds.
        assertThat(secondsUntilTheEnd(() -> window(0, 16 << 10))).isEqualTo(NEVER);
    }

    @Test
    void bodies_of_all_connections_are_bounded_together() {
        http2();
        List<Integer> pieces = new ArrayList<>();
        for (int piece = 1 << 28; piece >= 1_000; piece /= 2) {
            while (port.mayReceive(piece)) {
                port.receive(piece);
                pieces.add(piece);
            }
        }
        assertThat(pieces).isNotEmpty();
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS, 1, RawClient.request("/echo"));
        frame(Http2Reader.DATA, 0, 1, new byte[1_000]);
        assertThat(meters.refused(Reason.OVERLOADED)).isEqualTo(1);
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS, 3, RawClient.request("/echo"));
        frame(Http2Reader.DATA, Http2Reader.END_STREAM, 3, new byte[1_000]);
        assertThat(calls).isEqualTo(1);
        pieces.forEach(piece -> port.receive(-piece));
        frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS, 5, RawClient.request("/echo"));
        frame(Http2Reader.DATA, 0, 5, new byte[1_000]);
        frame(Http2Reader.DATA, Http2Reader.END_STREAM, 5, new byte[1_000]);
        assertThat(calls).isEqualTo(2);
    }
}
