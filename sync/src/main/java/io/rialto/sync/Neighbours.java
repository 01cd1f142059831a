package io.rialto.sync;

import com.google.protobuf.InvalidProtocolBufferException;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.wire.ClosedStream;
import io.rialto.sync.wire.NodeHints;
import io.rialto.sync.wire.NodeHintsAnswer;
import io.rialto.sync.wire.OpenedStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The other nodes of the cell: tells them which streams are here and whom to wake, and hears the same of them. One frame
 * is under way to each at a time and what comes up meanwhile goes with the next, so frames grow with the load. Whatever
 * is missed is made up for: of streams by a full list, of wakes by beats.
 */
final class Neighbours {
    static final String OPERATION = "/rialto.Nodes/Hints";

    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    /** A frame goes so often even if it says nothing: who sends none is gone. */
    private static final long SILENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(900);

    private static final long GONE_NANOS = TimeUnit.SECONDS.toNanos(3);
    /** No cell has so many nodes. */
    private static final int MAX_NODES = 1_000;

    /** What hears of others. */
    interface Listener {
        /** Streams of here have newer ones elsewhere. */
        void superseded(List<OpenStream> older);

        void wake(Collection<String> users, Collection<String> topics);
    }

    /** What was heard of a node. Guarded by itself. */
    private static final class Heard {
        private long boot;
        private long sequence;
        private long at;
        private boolean whole;
    }

    private final DeliveryPorts ports;
    private final Directory directory;
    private final Listener listener;
    private final long boot;
    private final Map<String, Outbox> outboxes = new ConcurrentHashMap<>();
    private final Map<String, Heard> heard = new ConcurrentHashMap<>();

    Neighbours(DeliveryPorts ports, Directory directory, Listener listener) {
        this.ports = ports;
        this.directory = directory;
        this.listener = listener;
        this.boot = ports.random().nextLong();
        ports.peers().nodes().forEach(this::outbox);
    }

    private Outbox outbox(String node) {
        return outboxes.computeIfAbsent(node, name -> new Outbox(directory.local()));
    }

    // what goes out

    /** Called while the directory is locked, so that openings and closings of a device go out in their order. */
    void changed(OpenStream stream, boolean opened) {
        outboxes.values().forEach(outbox -> outbox.changed(stream, opened));
    }

    /** There is something new for users whose devices are elsewhere. */
    void wake(Collection<String> users) {
        Set<String> nodes = new HashSet<>();
        for (String user : users) {
            for (Directory.Holder holder : directory.of(user)) {
                Outbox outbox = holder instanceof Directory.Remote ? outboxes.get(holder.node()) : null;
                if (outbox != null) {
                    ports.meters().hintsLost(outbox.wake(user));
                    nodes.add(holder.node());
                }
            }
        }
        nodes.forEach(this::flush);
    }

    void wakeAll(String topic) {
        outboxes.values().forEach(outbox -> outbox.wakeAll(topic));
        flush();
    }

    /** Sends what waits. */
    void flush() {
        outboxes.keySet().forEach(this::flush);
    }

    private void flush(String node) {
        Outbox outbox = outboxes.get(node);
        Outbox.Frame frame = outbox == null ? null : outbox.next();
        if (outbox != null && frame != null) {
            send(node, outbox, frame);
        }
    }

    private void send(String node, Outbox outbox, Outbox.Frame frame) {
        byte[] bytes = encode(frame);
        ports.meters().hintsSent(frame.hints());
        outbox.sentAt(ports.nanoTime().getAsLong());
        CompletionStage<byte[]> call = ports.peers().toNode(node, OPERATION, bytes, TIMEOUT);
        call.whenComplete((answer, failure) -> {
                    if (failure != null) {
                        ports.meters().hintsLost(frame.hints() + outbox.failed());
                    } else if (outbox.arrived(wantsAll(answer))) {
                        flush(node);
                    }
                })
                .exceptionally(unexpected -> null);
    }

    private static boolean wantsAll(byte[] answer) {
        try {
            return NodeHintsAnswer.parseFrom(answer).getSendAll();
        } catch (InvalidProtocolBufferException e) {
            return true;
        }
    }

    private byte[] encode(Outbox.Frame frame) {
        NodeHints.Builder hints = NodeHints.newBuilder()
                .setNode(ports.node())
                .setBoot(boot)
                .setSequence(frame.sequence())
                .setAll(frame.all())
                .addAllUsers(frame.users())
                .addAllTopics(frame.topics());
        for (Outbox.Change change : frame.changes()) {
            OpenStream stream = change.stream();
            if (change.opened()) {
                hints.addOpened(OpenedStream.newBuilder()
                        .setDevice(stream.device())
                        .setUser(stream.user())
                        .setNumber(stream.number()));
            } else {
                hints.addClosed(
                        ClosedStream.newBuilder().setDevice(stream.device()).setNumber(stream.number()));
            }
        }
        return hints.build().toByteArray();
    }

    // what comes in

    /** A frame of another node; answers the bytes for it. */
    byte[] receive(byte[] frame) throws ProtocolException {
        NodeHints hints = parse(frame);
        String node = hints.getNode();
        if (node.isEmpty() || node.equals(ports.node()) || heard.size() >= MAX_NODES && !heard.containsKey(node)) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "hints of node: " + node + " (expected: another node)");
        }
        ports.meters()
                .hintsReceived(hints.getOpenedCount()
                        + hints.getClosedCount()
                        + hints.getUsersCount()
                        + hints.getTopicsCount());
        List<OpenStream> older = new ArrayList<>();
        boolean whole = apply(node, hints, older);
        listener.superseded(older);
        listener.wake(hints.getUsersList(), hints.getTopicsList());
        return NodeHintsAnswer.newBuilder().setSendAll(!whole).build().toByteArray();
    }

    private static NodeHints parse(byte[] frame) throws ProtocolException {
        try {
            return NodeHints.parseFrom(frame);
        } catch (InvalidProtocolBufferException e) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "hints: " + e.getMessage());
        }
    }

    /** Takes over openings and closings; false where something before them is missing. */
    private boolean apply(String node, NodeHints hints, List<OpenStream> older) {
        Heard of = heard.computeIfAbsent(node, name -> new Heard());
        synchronized (of) {
            of.at = ports.nanoTime().getAsLong();
            if (of.boot == hints.getBoot() && hints.getSequence() <= of.sequence) {
                return of.whole; // was overtaken by frames that have said more
            }
            if (hints.getAll()) {
                directory.removeAllOf(node);
                of.boot = hints.getBoot();
                of.whole = true;
            } else if (!of.whole || of.boot != hints.getBoot() || hints.getSequence() != of.sequence + 1) {
                of.whole = false;
                return false;
            }
            of.sequence = hints.getSequence();
            for (OpenedStream each : hints.getOpenedList()) {
                older.addAll(
                        directory.put(new Directory.Remote(each.getDevice(), each.getUser(), node, each.getNumber())));
            }
            for (ClosedStream each : hints.getClosedList()) {
                directory.remove(new Directory.Remote(each.getDevice(), "", node, each.getNumber()));
            }
            return true;
        }
    }

    // who is there

    void tick() {
        long now = ports.nanoTime().getAsLong();
        List<String> nodes = ports.peers().nodes();
        outboxes.keySet().retainAll(nodes);
        for (String node : nodes) {
            if (outbox(node).isDue(now, SILENCE_NANOS)) {
                flush(node);
            }
        }
        heard.forEach((node, of) -> {
            synchronized (of) {
                if (now - of.at > GONE_NANOS) {
                    heard.remove(node);
                    directory.removeAllOf(node);
                    of.whole = false;
                }
            }
        });
    }
}
