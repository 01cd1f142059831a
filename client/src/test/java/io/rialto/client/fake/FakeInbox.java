package io.rialto.client.fake;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.Receipt;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The inboxes of all users of a fake platform, and the streams of their devices. Nothing of it survives the process. */
public final class FakeInbox implements AutoCloseable {
    static final String STREAM = "/rialto.Sync/Stream";

    private static final String EVERYONE = "";
    private static final int MAX_UNACKNOWLEDGED = 64;

    /** Guards what is below, and is notified of each change. */
    private final Object lock = new Object();

    private final Map<String, Sequence> sequences = new LinkedHashMap<>();
    private final Map<String, FakeStream> streams = new LinkedHashMap<>();
    private final Map<String, SyncKey> acked = new LinkedHashMap<>();
    private final List<Receipt> receipts = new CopyOnWriteArrayList<>();
    private final List<Hello> hellos = new CopyOnWriteArrayList<>();
    private final List<String> lost = new CopyOnWriteArrayList<>();
    private IntFunction<FrameFault> faults = stream -> FrameFault.none();
    private int opened;
    private int batchSize = Batch.MAX_MESSAGES;
    private long beatMillis = 1_000;
    private long nextInbox = 0x1001;
    private boolean closed;

    private static final class Sequence {
        final String user;
        final String topic;
        long inbox;
        final List<SyncMessage> messages = new ArrayList<>();
        long dropped;

        Sequence(String user, String topic, long inbox) {
            this.user = user;
            this.topic = topic;
            this.inbox = inbox;
        }

        SyncKey highest() {
            return new SyncKey(topic, user.equals(EVERYONE), inbox, messages.size());
        }
    }

    FakeInbox() {}

    /** Publishes a text to a user; answers its place. */
    public long publish(String user, String topic, String text) {
        return publish(user, topic, text, 0);
    }

    public long publishToEveryone(String topic, String text) {
        return publish(EVERYONE, topic, text, 0);
    }

    /** Takes a message back. */
    public long revoke(String user, String topic, long sequence) {
        return publish(user, topic, "", sequence);
    }

    private long publish(String user, String topic, String text, long revokes) {
        synchronized (lock) {
            Sequence sequence =
                    sequences.computeIfAbsent(user + "/" + topic, name -> new Sequence(user, topic, nextInbox++));
            long number = sequence.messages.size() + 1L;
            sequence.messages.add(SyncMessage.builder(number, topic + "." + number + "." + user)
                    .payload("text/plain", text.getBytes(StandardCharsets.UTF_8))
                    .created(System.currentTimeMillis())
                    .revokes(revokes)
                    .build());
            lock.notifyAll();
            return number;
        }
    }

    /** The topic's retention drops all up to a place. */
    public void drop(String user, String topic, long through) {
        synchronized (lock) {
            sequence(user, topic).dropped = through;
        }
    }

    /** The user's inbox is made anew: keys of it are of another one. */
    public void makeAnew(String user, String topic) {
        synchronized (lock) {
            Sequence sequence = sequence(user, topic);
            sequence.inbox = nextInbox++;
            sequence.messages.clear();
            acked.remove(user + "/" + topic);
        }
    }

    private Sequence sequence(String user, String topic) {
        Sequence sequence = sequences.get(user + "/" + topic);
        if (sequence == null) {
            throw new IllegalArgumentException("nothing was published to " + user + "/" + topic);
        }
        return sequence;
    }

    /** The faults of each stream from now on, by its number from 1. */
    public void faults(IntFunction<FrameFault> byStream) {
        synchronized (lock) {
            faults = byStream;
        }
    }

    /** Messages of one batch. */
    public void batchSize(int messages) {
        synchronized (lock) {
            batchSize = messages;
        }
    }

    /** The pause between beats. What devices are told is a whole second at least. */
    public void beatEvery(long millis) {
        synchronized (lock) {
            beatMillis = millis;
        }
    }

    /** How many streams were opened. */
    public int opened() {
        synchronized (lock) {
            return opened;
        }
    }

    /** How many are open. */
    public int open() {
        synchronized (lock) {
            return streams.size();
        }
    }

    /** Ends all streams with a last word. */
    public void sayBye(Reason reason, int retryAfterMillis, String text) {
        for (FakeStream stream : streams()) {
            try {
                stream.send(ServerFrame.bye(new Bye(reason.wireName(), text, retryAfterMillis, "")));
                stream.end();
            } catch (IOException e) {
                // it is gone already
            }
        }
    }

    /** Cuts all streams. */
    public void cut() {
        streams().forEach(FakeStream::cut);
    }

    private List<FakeStream> streams() {
        synchronized (lock) {
            return new ArrayList<>(streams.values());
        }
    }

    /** How far a user's device has acknowledged a topic; 0 for nothing. */
    public long acknowledged(String user, String topic) {
        synchronized (lock) {
            SyncKey key = acked.get(user + "/" + topic);
            return key == null ? 0 : key.sequence();
        }
    }

    public List<Receipt> receipts() {
        return receipts;
    }

    /** The first frames of all streams. */
    public List<Hello> hellos() {
        return hellos;
    }

    /** Where a stream began below what its device had acknowledged before: it lost what it said was durable. */
    public List<String> lost() {
        return lost;
    }

    // A device's stream

    /** How far one device has come, of all that its user has. */
    private static final class Cursor {
        final Map<Sequence, Long> sent = new LinkedHashMap<>();
        final Map<Sequence, Long> acked = new LinkedHashMap<>();
        boolean askedForBeat;
    }

    /** Serves a stream until it ends. */
    void serve(FakeStream stream) throws IOException, ProtocolException {
        Cursor cursor = new Cursor();
        FrameFault fault;
        FakeStream older;
        synchronized (lock) {
            fault = faults.apply(++opened);
            older = streams.put(stream.device(), stream);
        }
        if (older != null) {
            older.send(ServerFrame.bye(new Bye(Reason.SUPERSEDED.wireName(), "a newer stream", 0, "")));
            older.end();
        }
        Hello hello = stream.hello().hello();
        hellos.add(hello);
        Thread writer = Thread.ofVirtual().start(() -> write(stream, cursor, fault, hello.keys()));
        try {
            while (!stream.ended()) {
                on(stream, cursor, stream.receive());
            }
        } catch (IOException e) {
            // the device's end
        } finally {
            stream.cut();
            synchronized (lock) {
                streams.remove(stream.device(), stream);
                lock.notifyAll();
            }
            writer.interrupt();
        }
    }

    private @Nullable Bye begin(FakeStream stream, Cursor cursor, List<SyncKey> keys) {
        synchronized (lock) {
            acked.forEach((name, before) -> {
                boolean there = keys.stream()
                        .anyMatch(key -> key.topic().equals(before.topic())
                                && key.inbox() == before.inbox()
                                && key.sequence() >= before.sequence());
                if (name.startsWith(stream.user() + "/") && !there) {
                    lost.add(before + " was acknowledged, and the stream begins with " + keys);
                }
            });
            for (SyncKey key : keys) {
                Sequence sequence = sequences.get((key.everyone() ? EVERYONE : stream.user()) + "/" + key.topic());
                String name = key.topic() + (key.everyone() ? "*" : "");
                if (sequence == null || sequence.inbox != key.inbox()) {
                    return new Bye(Reason.FOREIGN_KEY.wireName(), name + ": another inbox", 0, "");
                }
                if (key.sequence() > sequence.messages.size()) {
                    return new Bye(Reason.FUTURE_KEY.wireName(), name + ": never was so high", 0, "");
                }
                cursor.sent.put(sequence, key.sequence());
                acknowledge(stream.user(), cursor, key);
            }
            return null;
        }
    }

    private void acknowledge(String user, Cursor cursor, SyncKey key) {
        Sequence sequence = sequences.get((key.everyone() ? EVERYONE : user) + "/" + key.topic());
        if (sequence != null) {
            cursor.acked.merge(sequence, key.sequence(), Math::max);
            if (!key.everyone()) {
                acked.merge(user + "/" + key.topic(), key, (a, b) -> a.sequence() > b.sequence() ? a : b);
            }
        }
    }

    private void on(FakeStream stream, Cursor cursor, DeviceFrame frame) {
        synchronized (lock) {
            switch (frame.kind()) {
                case ACK -> frame.keys().forEach(key -> acknowledge(stream.user(), cursor, key));
                case PING -> cursor.askedForBeat = true;
                case RECEIPTS -> receipts.addAll(frame.receipts());
                case HELLO -> throw new IllegalStateException("a second hello");
            }
            lock.notifyAll();
        }
    }

    private void write(FakeStream stream, Cursor cursor, FrameFault fault, List<SyncKey> keys) {
        try {
            Bye refused = begin(stream, cursor, keys);
            int index = 0;
            if (refused != null) {
                stream.send(ServerFrame.bye(refused));
                stream.end();
                return;
            }
            ServerFrame next = welcome(stream.user());
            while (next != null && !stream.ended()) {
                List<ServerFrame> frames = fault.on(index++, next);
                if (frames == null) {
                    stream.cut();
                    return;
                }
                for (ServerFrame frame : frames) {
                    stream.send(frame);
                }
                next = next(stream, cursor);
            }
        } catch (IOException | InterruptedException e) {
            stream.cut();
        }
    }

    private ServerFrame welcome(String user) {
        synchronized (lock) {
            int seconds = (int) Math.max(1, beatMillis / 1000);
            return ServerFrame.welcome(seconds, highest(user), System.currentTimeMillis());
        }
    }

    private List<SyncKey> highest(String user) {
        List<SyncKey> keys = new ArrayList<>();
        for (Sequence sequence : sequences.values()) {
            if (sequence.user.equals(user) || sequence.user.equals(EVERYONE)) {
                keys.add(sequence.highest());
            }
        }
        return keys;
    }

    /** The next frame, when there is one; a beat after a while. */
    private @Nullable ServerFrame next(FakeStream stream, Cursor cursor) throws InterruptedException {
        synchronized (lock) {
            long end = System.nanoTime() + beatMillis * 1_000_000;
            while (!closed && !stream.ended()) {
                Batch batch = nextBatch(stream.user(), cursor);
                if (batch != null) {
                    return ServerFrame.batch(batch);
                }
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0 || cursor.askedForBeat) {
                    cursor.askedForBeat = false;
                    return ServerFrame.beat(highest(stream.user()), System.currentTimeMillis());
                }
                lock.wait(left);
            }
            return null;
        }
    }

    private @Nullable Batch nextBatch(String user, Cursor cursor) {
        long flying = 0;
        for (Map.Entry<Sequence, Long> entry : cursor.sent.entrySet()) {
            flying += entry.getValue() - cursor.acked.getOrDefault(entry.getKey(), 0L);
        }
        // the one that was sent least comes first: none waits for another that never ends
        Sequence next = null;
        for (Sequence sequence : sequences.values()) {
            boolean his = sequence.user.equals(user) || sequence.user.equals(EVERYONE);
            long sent = cursor.sent.getOrDefault(sequence, 0L);
            if (his && sent < sequence.messages.size() && (next == null || sent < cursor.sent.getOrDefault(next, 0L))) {
                next = sequence;
            }
        }
        if (next == null || flying >= MAX_UNACKNOWLEDGED) {
            return null;
        }
        Batch batch = batch(next, cursor.sent.getOrDefault(next, 0L));
        cursor.sent.put(next, batch.last());
        return batch;
    }

    private Batch batch(Sequence sequence, long after) {
        long last = Math.min(sequence.messages.size(), Math.max(after, sequence.dropped) + batchSize);
        long from = Math.min(last, Math.max(after, sequence.dropped));
        SyncKey end = new SyncKey(sequence.topic, sequence.user.equals(EVERYONE), sequence.inbox, last);
        List<SyncMessage> messages = sequence.messages.subList((int) from, (int) last);
        return new Batch(end, after + 1, from - after, messages);
    }

    /** The same by a call. */
    FakeAnswer fetch(FakeCall call) {
        if (call.user() == null) {
            return FakeAnswer.refusal(Reason.IDENTITY_REQUIRED);
        }
        synchronized (lock) {
            Map<Sequence, Long> at = new LinkedHashMap<>();
            Cursor cursor = new Cursor();
            try {
                for (SyncKey key : Fetched.decodeRequest(call.body()).keys()) {
                    Sequence sequence = sequences.get((key.everyone() ? EVERYONE : call.user()) + "/" + key.topic());
                    if (sequence == null || sequence.inbox != key.inbox()) {
                        return FakeAnswer.refusal(Reason.FOREIGN_KEY);
                    }
                    at.put(sequence, key.sequence());
                    acknowledge(call.user(), cursor, key);
                }
            } catch (ProtocolException e) {
                return FakeAnswer.refusal(e.reason());
            }
            List<Batch> batches = new ArrayList<>();
            boolean more = false;
            for (Sequence sequence : sequences.values()) {
                boolean his = sequence.user.equals(call.user()) || sequence.user.equals(EVERYONE);
                long after = at.getOrDefault(sequence, 0L);
                if (his && after < sequence.messages.size()) {
                    Batch batch = batch(sequence, after);
                    batches.add(batch);
                    more |= batch.last() < sequence.messages.size();
                }
            }
            byte[] body = new Fetched(batches, highest(call.user()), more, System.currentTimeMillis()).encode();
            return new FakeAnswer(200, Map.of("content-type", "application/proto"), body, null);
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        cut();
    }
}
