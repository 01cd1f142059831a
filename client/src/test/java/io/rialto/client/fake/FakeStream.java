package io.rialto.client.fake;

import io.rialto.client.http.GrpcFrame;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Seal;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.ServerFrame;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;

/** A stream of a device at the fake platform, sealed where it was opened so. */
final class FakeStream {
    private final FakeConnection.Exchange exchange;
    private final FakeGateway.Caller caller;
    private final Seal sealing = new Seal();
    private final Seal opening = new Seal();
    private int sent;
    private int received;
    private volatile boolean ended;

    FakeStream(FakeConnection.Exchange exchange, FakeGateway.Caller caller) {
        this.exchange = exchange;
        this.caller = caller;
    }

    String user() {
        return Objects.requireNonNull(caller.user());
    }

    String device() {
        return Objects.requireNonNull(caller.device());
    }

    DeviceFrame hello() throws ProtocolException {
        byte[] message = caller.message();
        return DeviceFrame.decode(
                caller.ticket() == null ? Arrays.copyOfRange(message, GrpcFrame.PREFIX, message.length) : message);
    }

    DeviceFrame receive() throws IOException, ProtocolException {
        byte[] message = exchange.message();
        FakePlatform.Ticket ticket = caller.ticket();
        if (ticket != null) {
            message = opening.openFrame(
                    Seal.key(ticket.keys().toServer()), caller.counter(), ++received, message, 0, message.length);
        }
        return DeviceFrame.decode(message);
    }

    synchronized void send(ServerFrame frame) throws IOException {
        byte[] message = frame.encode();
        FakePlatform.Ticket ticket = caller.ticket();
        if (ticket != null) {
            message = sealing.sealFrame(
                    Seal.key(ticket.keys().toClient()), caller.counter(), ++sent, message, 0, message.length);
        }
        exchange.message(message);
    }

    void end() throws IOException {
        ended = true;
        exchange.end(Map.of("grpc-status", "0"));
    }

    void cut() {
        ended = true;
        exchange.cut();
    }

    boolean ended() {
        return ended;
    }
}
