package io.rialto.server;

import io.rialto.gateway.DeviceStream;
import io.rialto.gateway.StreamCaller;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.sync.Delivery;
import io.rialto.sync.Device;
import io.rialto.sync.DeviceChannel;

/** A device's stream of the gateway, as the channel that delivery sends by. One small object for each stream. */
final class DeviceAdapter implements DeviceChannel, DeviceStream.Listener {
    private final DeviceStream stream;
    private final DeviceChannel.Listener listener;

    /** What the stream said on its loop, for other threads. */
    private volatile boolean writable = true;

    private DeviceAdapter(DeviceStream stream, Delivery delivery, Device device, byte[] hello) {
        this.stream = stream;
        this.listener = delivery.open(device, hello, this);
    }

    /** Takes a stream up; on its loop. */
    static void open(Delivery delivery, StreamCaller caller, String user, byte[] hello, DeviceStream stream) {
        String locale = caller.locale() == null ? "" : caller.locale();
        Device device = new Device(caller.app(), caller.device(), user, caller.shard(), caller.epoch(), locale);
        stream.listener(new DeviceAdapter(stream, delivery, device, hello));
    }

    @Override
    public void send(byte[] frame) {
        onLoop(() -> {
            stream.send(frame);
            writable = stream.isWritable();
        });
    }

    @Override
    public boolean isWritable() {
        return writable;
    }

    @Override
    public void end(Bye bye) {
        onLoop(() -> {
            stream.send(ServerFrame.bye(bye).encode());
            stream.end();
        });
    }

    /** In the order of the calls, from whichever thread they come. */
    private void onLoop(Runnable action) {
        stream.execute(action);
    }

    @Override
    public void message(byte[] message) {
        listener.frame(message);
    }

    @Override
    public void writable() {
        writable = true;
        listener.writable();
    }

    @Override
    public void drain() {
        listener.drain();
    }

    @Override
    public void closed() {
        listener.closed();
    }
}
