package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A connection: frames arrive late but in order, until it is cut; then each side learns of it in its own time. */
final class SimConnection implements DeviceChannel {
    private static final int FULL_BYTES = 32 * 1024;

    private final SimWorld world;
    private final SimDevice device;
    private final SimNode node;
    private final int life;
    private final Map<String, Deque<Batch>> owed = new HashMap<>();
    private final Map<String, Long> acked = new HashMap<>();
    private Listener listener;
    private long lastDown;
    private long lastUp;
    private int buffered;
    private boolean full;
    private boolean cut;
    private boolean serverOpen = true;

    SimConnection(SimWorld world, SimDevice device, SimNode node, DeviceFrame hello) {
        this.world = world;
        this.device = device;
        this.node = node;
        this.life = node.life();
        this.listener = new Closed();
        up(() -> listener =
                node.delivery().open(new Device("wallet", device.id, device.user, 3, 1, "en"), hello.encode(), this));
    }

    private static final class Closed implements Listener {
        @Override
        public void frame(byte[] bytes) {}

        @Override
        public void writable() {}

        @Override
        public void drain() {}

        @Override
        public void closed() {}
    }

    SimNode node() {
        return node;
    }

    boolean isOpenAtServer() {
        return serverOpen && node.isUp() && node.life() == life && !(listener instanceof Closed);
    }

    // from the server

    @Override
    public void send(byte[] frame) {
        if (!serverOpen) {
            return;
        }
        ServerFrame sent = decode(frame);
        if (sent.kind() == ServerFrame.Kind.BATCH) {
            owe(sent.batch());
        }
        buffered += frame.length;
        full |= buffered > FULL_BYTES;
        down(() -> {
            buffered -= frame.length;
            if (full && buffered < FULL_BYTES / 2) {
                full = false;
                node.run(life, () -> listener.writable());
            }
            if (!cut) {
                device.receive(this, sent);
            }
        });
    }

    private static ServerFrame decode(byte[] frame) {
        try {
            return ServerFrame.decode(frame);
        } catch (ProtocolException e) {
            throw new AssertionError(e);
        }
    }

    private void owe(Batch batch) {
        String name = SimDevice.name(batch.end());
        if (batch.last() > acked.getOrDefault(name, 0L)) { // else it has come by another way
            owed.computeIfAbsent(name, any -> new ArrayDeque<>()).add(batch);
        }
        int messages = 0;
        long bytes = 0;
        for (Deque<Batch> each : owed.values()) {
            for (Batch one : each) {
                messages += one.messages().size();
                bytes += one.messages().stream()
                        .mapToLong(message -> message.payload().length)
                        .sum();
            }
        }
        if (messages > Progress.MAX_MESSAGES || bytes > Progress.MAX_BYTES + 65_536) {
            throw new AssertionError(messages + " messages, " + bytes + " bytes are owed by " + device.id);
        }
    }

    private void settle(DeviceFrame frame) {
        if (frame.kind() != DeviceFrame.Kind.ACK) {
            return;
        }
        for (SyncKey key : frame.keys()) {
            acked.merge(SimDevice.name(key), key.sequence(), Math::max);
            Deque<Batch> batches = owed.getOrDefault(SimDevice.name(key), new ArrayDeque<>());
            for (Iterator<Batch> each = batches.iterator(); each.hasNext(); ) {
                if (each.next().last() <= key.sequence()) {
                    each.remove();
                }
            }
        }
    }

    @Override
    public boolean isWritable() {
        return !full;
    }

    @Override
    public void end(Bye bye) {
        if (serverOpen) {
            serverOpen = false;
            down(() -> {
                if (!cut) {
                    device.bye(this, bye);
                }
            });
        }
    }

    private void down(Runnable arrival) {
        lastDown = Math.max(lastDown + 1, world.nanos() + device.delay());
        world.in(lastDown - world.nanos(), arrival);
    }

    // from the device

    void says(DeviceFrame frame) {
        up(() -> {
            settle(frame);
            listener.frame(frame.encode());
        });
    }

    private void up(Runnable arrival) {
        lastUp = Math.max(lastUp + 1, world.nanos() + device.delay());
        world.in(lastUp - world.nanos(), () -> {
            if (!cut) {
                node.run(life, () -> {
                    if (serverOpen) {
                        arrival.run();
                    }
                });
            }
        });
    }

    // ends

    /** Nothing gets through any more; the server notices, if not at once. */
    void cut(@Nullable Runnable deviceNotices) {
        if (cut) {
            return;
        }
        cut = true;
        world.in(
                world.span(0, 15_000),
                () -> node.run(life, () -> {
                    if (serverOpen) {
                        serverOpen = false;
                        listener.closed();
                    }
                }));
        if (deviceNotices != null) {
            world.in(world.span(0, 5_000), deviceNotices);
        }
    }

    void nodeDied(SimNode dead) {
        if (dead == node) {
            cut = true;
            serverOpen = false;
            if (world.chance(0.7)) {
                world.in(world.span(0, 2_000), () -> device.lost(this));
            }
        }
    }
}
