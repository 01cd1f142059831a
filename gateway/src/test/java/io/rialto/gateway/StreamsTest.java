package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Devices' streams from real connections to who serves them. */
final class StreamsTest {
    private final EventLoops loops = EventLoops.start(1);
    private Fixture edge;
    private Listeners listeners;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(Fixture.operations("""
                {"name": "wallet.Login/Start", "auth": "device", "login": true}"""));
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
}
