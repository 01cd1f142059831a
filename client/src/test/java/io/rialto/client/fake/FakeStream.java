package io.rialto.client.fake;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Seal;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.ServerFrame;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;

/** A stream of a device at the fake platform, sealed where it was opened so. */
final class FakeStream {
    private final FakePipe pipe;
    private final FakeGateway.Caller caller;
    private final byte[] hello;
    private final Seal sealing = new Seal();
    private final Seal opening = new Seal();
    private int sent;
    private int received;
    private volatile boolean ended;

    /** @param hello the first message, opened */
    FakeStream(FakePipe pipe, FakeGateway.Caller caller, byte[] hello) {
        this.pipe = pipe;
        this.hello = hello;
        this.caller = caller;
    }

    String user() {
        return Objects.requireNonNull(caller.user());
    }

    String device() {
        return Objects.requireNonNull(caller.device());
    }

    DeviceFrame hello() throws ProtocolException {
        return DeviceFrame.decode(hello);
    }

    DeviceFrame receive() throws IOException, ProtocolException {
        byte[] message = pipe.message();
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
        pipe.message(message);
    }

    void end() throws IOException {
        ended = true;
        pipe.end(Map.of("grpc-status", "0"));
    }

    void cut() {
        ended = true;
        pipe.cut();
    }

    boolean ended() {
        return ended;
    }
}
