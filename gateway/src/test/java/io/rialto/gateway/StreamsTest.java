package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.gateway.transport.ListenerSettings;
import io.rialto.gateway.transport.Listeners;
import io.rialto.gateway.transport.RawClient;
import io.rialto.gateway.transport.TransportMeters;
import io.rialto.gateway.transport.TransportSettings;
import io.rialto.protocol.Caller;
import io.rialto.protocol.Reason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Devices' streams from real connections to who serves them. */
final class StreamsTest {
    private final EventLoops loops = EventLoops.start(1);
    private Fixture edge;
    private Listeners listeners;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(Fixture.operations("""
            {"name": "wallet.Login/Start", "auth": "device", "login": true}\
            """));
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        listeners = Listeners.start(
                loops,
                List.of(new ListenerSettings(Listener.PUBLIC, any, null, TransportSettings.defaults())),
                edge.gateway,
                TransportMeters.NONE);
    }

    @AfterEach
    void stop() {
        listeners.close();
        edge.close();
        loops.close();
    }

    private RawClient connect() throws Exception {
        return RawClient.http2(listeners.addresses().getFirst().getPort());
    }

    private Phone phone() throws Exception {
        return new Phone(edge).enrol();
    }

    @Test
    void carries_messages_both_ways_over_a_signed_stream() throws Exception {
        Phone phone = phone().login(edge.userOf("east"));
        try (StreamClient client = StreamClient.signed(connect(), 1, phone, "hello", "accept-language", "de-CH")) {
            FakeStreams.Opened opened = edge.streams.next();
            assertThat(opened.hello).isEqualTo("hello");
            assertThat(opened.caller)
                    .isEqualTo(new StreamCaller(
                            "wallet",
                            phone.device,
                            edge.userOf("east"),
                            edge.table.locate(edge.userOf("east")).shard(),
                            1,
                            "de-CH",
                            false));
            client.say("one");
            client.say("two");
            assertThat(opened.next()).isEqualTo("one");
            assertThat(opened.next()).isEqualTo("two");
            opened.say("three");
            opened.say("");
            opened.say("four");
            assertThat(client.next()).isEqualTo("three");
            assertThat(client.next()).isEmpty();
            assertThat(client.next()).isEqualTo("four");
            assertThat(client.header("content-type")).isEqualTo("application/grpc");
            assertThat(client.header("rialto-edge")).isEqualTo("east/east-1/boot1");
            opened.on(opened.stream::end);
            assertThat(client.trailer("grpc-status")).isEqualTo("0");
            assertThat(opened.heard).isEmpty();
        }
    }

    @Test
    void carries_messages_both_ways_over_a_sealed_stream() throws Exception {
        Phone phone = phone().open();
        try (StreamClient client = StreamClient.sealed(connect(), 1, phone, "hello")) {
            FakeStreams.Opened opened = edge.streams.next();
            assertThat(opened.hello).isEqualTo("hello");
            assertThat(opened.caller)
                    .isEqualTo(new StreamCaller("wallet", phone.device, null, Caller.NO_SHARD, 0, null, true));
            for (int i = 0; i < 5; i++) {
                client.say("up " + i);
                opened.say("down " + i);
                assertThat(opened.next()).isEqualTo("up " + i);
                assertThat(client.next()).isEqualTo("down " + i);
            }
            assertThat(client.header("content-type")).isEqualTo("application/rialto-sealed");
            client.halfClose();
            assertThat(opened.next()).isEqualTo("(closed)");
            assertThat(client.trailer("grpc-status")).isEqualTo("0");
        }
    }

    @Test
    void ends_a_sealed_stream_at_a_message_that_does_not_open() throws Exception {
        Phone phone = phone().open();
        try (StreamClient client = StreamClient.sealed(connect(), 1, phone, "hello")) {
            FakeStreams.Opened opened = edge.streams.next();
            byte[] first = client.sealing(new byte[] {1});
            byte[] second = client.sealing(new byte[] {2});
            client.send(StreamClient.framed(second));
            client.send(StreamClient.framed(first));
            assertThat(client.trailer("grpc-status")).isEqualTo("16");
            assertThat(client.trailer("rialto-reason")).isEqualTo("tampered_body");
            assertThat(opened.next()).isEqualTo("(closed)");
            assertThat(edge.refused).containsEntry(Reason.TAMPERED_BODY, 1);
        }
    }

    @Test
    void sends_a_user_of_another_cell_there() throws Exception {
        Phone phone = phone().login(edge.userOf("west"));
        try (StreamClient client = StreamClient.signed(connect(), 1, phone, "hello")) {
            assertThat(client.trailer("grpc-status")).isEqualTo("9");
            assertThat(client.trailer("rialto-reason")).isEqualTo("wrong_cell");
            assertThat(client.trailer("rialto-cell")).startsWith("west;shard=");
            assertThat(edge.streams.opened).isEmpty();
        }
    }

    private WebSocketClient webSocket(Phone phone, boolean sealed) throws Exception {
        URI uri =
                URI.create("ws://127.0.0.1:" + listeners.addresses().getFirst().getPort() + DeviceStreams.PATH);
        return WebSocketClient.open(HttpClient.newHttpClient(), uri, phone, sealed, "hello");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void carries_messages_both_ways_by_web_socket(boolean sealed) throws Exception {
        Phone phone = phone().open();
        try (WebSocketClient client = webSocket(phone, sealed)) {
            FakeStreams.Opened opened = edge.streams.next();
            assertThat(opened.hello).isEqualTo("hello");
            assertThat(opened.caller.sealed()).isEqualTo(sealed);
            client.say("one");
            assertThat(opened.next()).isEqualTo("one");
            opened.say("two");
            assertThat(client.next()).isEqualTo("two");
            client.socket().sendPing(ByteBuffer.allocate(2)).get(10, TimeUnit.SECONDS);
            assertThat(client.next()).isEqualTo("(pong)");
            opened.on(opened.stream::end);
            assertThat(client.next()).startsWith("(close 1000 ");
        }
    }

    @Test
    void hears_that_a_phone_closes_its_web_socket() throws Exception {
        try (WebSocketClient client = webSocket(phone().open(), false)) {
            FakeStreams.Opened opened = edge.streams.next();
            client.socket().sendClose(1001, "").get(10, TimeUnit.SECONDS);
            assertThat(opened.next()).isEqualTo("(closed)");
            assertThat(client.next()).startsWith("(close 1001");
        }
    }

    @Test
    void refuses_by_web_socket_with_a_text_that_holds_the_hints() throws Exception {
        Phone phone = phone().login(edge.userOf("west"));
        try (WebSocketClient client = webSocket(phone, false)) {
            JsonNode told = Fixture.json(client.next());
            assertThat(told.path("status").asInt()).isEqualTo(421);
            assertThat(told.path("refusal").path("reason").asString()).isEqualTo("wrong_cell");
            assertThat(told.path("headers").path("rialto-cell").asString()).startsWith("west;shard=");
            assertThat(told.path("headers").path("rialto-edge").asString()).isEqualTo(edge.self.toString());
            assertThat(client.next()).isEqualTo("(close 4000 wrong_cell)");
            assertThat(edge.streams.opened).isEmpty();
        }
        try (WebSocketClient client = webSocket(phone, true)) {
            JsonNode told = Fixture.json(client.next());
            assertThat(told.path("headers").path("rialto-reason").asString()).isEqualTo("wrong_cell");
            assertThat(told.path("sealed").asString()).isNotEmpty();
        }
    }

    @Test
    void tells_a_web_socket_why_its_stream_ends() throws Exception {
        try (WebSocketClient client = webSocket(phone().open(), true)) {
            FakeStreams.Opened opened = edge.streams.next();
            client.socket().sendBinary(ByteBuffer.allocate(20), true).get(10, TimeUnit.SECONDS);
            assertThat(opened.next()).isEqualTo("(closed)");
            assertThat(client.next()).contains("\"rialto-reason\": \"tampered_body\"");
            assertThat(client.next()).isEqualTo("(close 4000 tampered_body)");
        }
    }

    @Test
    void ends_streams_of_devices_that_are_revoked_and_of_users_that_move() throws Exception {
        Phone phone = phone().login(edge.userOf("east"));
        try (StreamClient client = StreamClient.signed(connect(), 1, phone, "hello")) {
            FakeStreams.Opened opened = edge.streams.next();
            String moved =
                    Fixture.TABLE.replace("\"unit\": \"u-east\", \"epoch\": 1", "\"unit\": \"u-west\", \"epoch\": 2");
            edge.gateway.apply(
                    edge.gateway.state().config, edge.keys, RoutingTable.parse(Fixture.JSON.readTree(moved)));
            opened.say("too late");
            assertThat(opened.next()).isEqualTo("(closed)");
            assertThat(client.trailer("rialto-reason")).isEqualTo("wrong_cell");
            assertThat(client.trailer("rialto-cell")).startsWith("west;");
            assertThat(client.next()).isNull();
        }
        edge.gateway.apply(edge.gateway.state().config, edge.keys, edge.table);
        Phone thief = phone().open();
        try (StreamClient client = StreamClient.sealed(connect(), 1, thief, "hello")) {
            FakeStreams.Opened opened = edge.streams.next();
            String config = Fixture.operations().replace("[\"revoked\"]", "[\"" + thief.device + "\"]");
            edge.gateway.apply(Fixture.config(config), edge.keys, edge.table);
            client.say("still here");
            assertThat(opened.next()).isEqualTo("(closed)");
            assertThat(client.trailer("rialto-reason")).isEqualTo("revoked_device");
        }
    }

    @Test
    void ends_a_stream_with_its_session() throws Exception {
        Phone phone = phone().open();
        try (StreamClient client = StreamClient.sealed(connect(), 1, phone, "hello")) {
            FakeStreams.Opened opened = edge.streams.next();
            edge.advance(25, TimeUnit.HOURS);
            client.say("late");
            assertThat(opened.next()).isEqualTo("(closed)");
            assertThat(client.trailer("rialto-reason")).isEqualTo("expired_ticket");
        }
    }

    @Test
    void refuses_who_is_no_device_and_what_is_no_stream() throws Exception {
        Phone phone = phone().open();
        assertThat(phone.sign(DeviceStreams.PATH, "{}", "ticket")
                        .send(edge.gateway)
                        .reason())
                .isEqualTo("unsupported_media");
        try (RawClient raw = connect()) {
            raw.frame(1, 4, 1, RawClient.request(DeviceStreams.PATH, "content-type", "application/grpc"));
            raw.frame(0, 0, 1, StreamClient.framed(new byte[] {1}));
            // The stream that was refused is in nobody's way.
            StreamClient first = StreamClient.signed(raw, 3, phone, "hello");
            edge.streams.next();
            StreamClient second = StreamClient.signed(raw, 5, phone, "hello");
            assertThat(second.trailer("rialto-reason")).isEqualTo("overloaded");
            assertThat(first.trailers).isNull();
        }
        assertThat(edge.refused).containsEntry(Reason.IDENTITY_REQUIRED, 1);
        assertThat(edge.streams.opened).isEmpty();
    }

    @Test
    void ends_the_stream_of_a_handler_that_fails() throws Exception {
        try (StreamClient client = StreamClient.signed(connect(), 1, phone().open(), "hello")) {
            FakeStreams.Opened opened = edge.streams.next();
            opened.on(() -> opened.stream.listener(new DeviceStream.Listener() {
                @Override
                public void message(byte[] message) {
                    throw new IllegalStateException("as asked");
                }

                @Override
                public void writable() {}

                @Override
                public void drain() {}

                @Override
                public void closed() {
                    opened.closed();
                }
            }));
            client.say("boom");
            assertThat(client.trailer("rialto-reason")).isEqualTo("internal");
            assertThat(opened.next()).isEqualTo("(closed)");
        }
    }

    @Test
    void answers_a_stream_that_who_serves_it_refuses() throws Exception {
        try (StreamClient client = StreamClient.sealed(connect(), 1, phone().open(), "hello")) {
            FakeStreams.Opened opened = edge.streams.next();
            opened.on(() -> opened.stream.end(Reason.INVALID_BODY, "a sync key of another user"));
            assertThat(client.trailer("grpc-status")).isEqualTo("3");
            assertThat(client.trailer("grpc-message")).isEqualTo("a sync key of another user");
            assertThat(opened.heard).isEmpty();
        }
    }
}
