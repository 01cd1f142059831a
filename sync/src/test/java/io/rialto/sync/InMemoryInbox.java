package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** A keeper of messages that forgets at the end; may be told not to answer. Not for many threads. */
final class InMemoryInbox implements Inbox, Devices, Traces {
    /** What happens at the door of every call: may throw {@link InboxException}, may let others act first. */
    interface Door {
        void pass(String call);
    }

    private record Name(String topic, String user) {}

    private static final class Kept {
        final long id;
        final List<SyncMessage> messages = new ArrayList<>();
        final Map<String, Long> keys = new HashMap<>();

        Kept(long id) {
            this.id = id;
        }
    }

    private final Map<Name, Kept> all = new LinkedHashMap<>();
    final Map<String, Long> cursors = new HashMap<>();
    final List<Long> acknowledged = new ArrayList<>();

    /** Acknowledgements meet a server that another one has taken over from. */
    boolean stale;

    final List<StepNote> notes = new ArrayList<>();
    final Map<String, DeviceState> devices = new LinkedHashMap<>();
    Door door = call -> {};
    int reads;
    int asked;
    private long nextId = 0x1000;

    /** Gives a message its place; known keys get their first. */
    Stored store(String user, String topic, String key, byte[] payload, long nowMillis) {
        Kept kept = all.computeIfAbsent(new Name(topic, user), name -> new Kept(nextId++));
        Long known = kept.keys.get(key);
        if (known != null) {
            return new Stored(known, true);
        }
        long sequence = kept.messages.size() + 1L;
        kept.keys.put(key, sequence);
        kept.messages.add(SyncMessage.builder(sequence, new MessageId(topic, sequence, user).toString())
                .payload("text/plain", payload)
                .created(nowMillis)
                .build());
        return new Stored(sequence, false);
    }

    /** Whether its shards have moved away. */
    boolean elsewhere;

    /** As after a loss: the newest messages are gone. */
    void lose(String user, String topic, int count) {
        List<SyncMessage> messages = kept(topic, user).messages;
        messages.subList(messages.size() - count, messages.size()).clear();
    }

    long idOf(String user, String topic) {
        return kept(topic, user).id;
    }

    /** What is there of a user, in order. */
    List<String> payloads(String user, String topic) {
        Kept kept = all.get(new Name(topic, user));
        return kept == null
                ? List.of()
                : kept.messages.stream()
                        .map(message -> new String(message.payload(), StandardCharsets.UTF_8))
                        .toList();
    }

    private Kept kept(String topic, String user) {
        return Objects.requireNonNull(all.get(new Name(topic, user)));
    }

    @Override
    public CompletableFuture<Stored> publish(Publication one) {
        return CompletableFuture.completedFuture(store(
                one.user(),
                one.topic(),
                one.key(),
                one.payload(),
                one.accepted().toEpochMilli()));
    }

    @Override
    public Set<ShardEpoch> open(Set<ShardEpoch> shards) {
        door.pass("open");
        return elsewhere ? Set.of() : shards;
    }

    @Override
    public List<Slice> read(List<Want> wants) {
        door.pass("read");
        reads++;
        return wants.stream().map(this::read).toList();
    }

    private Slice read(Want want) {
        SyncKey after = want.after();
        Kept kept = all.get(new Name(after.topic(), after.everyone() ? "" : want.user()));
        if (kept == null) {
            return after.inbox() == 0 ? new Slice.Nothing() : new Slice.BadKey(false, "no inbox");
        }
        if (after.inbox() != 0 && after.inbox() != kept.id) {
            return new Slice.BadKey(false, "another inbox");
        }
        if (after.sequence() > kept.messages.size()) {
            return new Slice.BadKey(true, "above " + kept.messages.size());
        }
        if (after.sequence() == kept.messages.size()) {
            return new Slice.Nothing();
        }
        List<SyncMessage> found = new ArrayList<>();
        int bytes = 0;
        int from = (int) after.sequence();
        for (int i = from; i < kept.messages.size() && found.size() < want.maxMessages(); i++) {
            bytes += kept.messages.get(i).payload().length;
            if (!found.isEmpty() && bytes > want.maxBytes()) {
                break;
            }
            found.add(kept.messages.get(i));
        }
        SyncKey end = new SyncKey(after.topic(), after.everyone(), kept.id, from + found.size());
        return new Slice.Next(new Batch(end, from + 1L, 0, found), from + found.size() < kept.messages.size());
    }

    @Override
    public List<List<SyncKey>> highest(List<String> users) {
        door.pass("highest");
        asked++;
        return users.stream().map(this::highest).toList();
    }

    private List<SyncKey> highest(String user) {
        List<SyncKey> keys = new ArrayList<>();
        all.forEach((name, kept) -> {
            if (name.user.equals(user) || name.user.isEmpty()) {
                keys.add(new SyncKey(name.topic, name.user.isEmpty(), kept.id, kept.messages.size()));
            }
        });
        return keys;
    }

    @Override
    public List<AckOutcome> acknowledge(List<Acknowledgement> acknowledgements) {
        door.pass("acknowledge");
        return acknowledgements.stream().map(this::acknowledge).toList();
    }

    private AckOutcome acknowledge(Acknowledgement one) {
        SyncKey key = one.upTo();
        Kept kept = all.get(new Name(key.topic(), key.everyone() ? "" : one.user()));
        if (kept == null || kept.id != key.inbox()) {
            return AckOutcome.FOREIGN_KEY;
        }
        if (stale || key.sequence() > kept.messages.size()) {
            return AckOutcome.FUTURE_KEY;
        }
        acknowledged.add(key.sequence());
        cursors.merge(cursor(one.device(), key.topic(), key.everyone()), key.sequence(), Math::max);
        return AckOutcome.KEPT;
    }

    static String cursor(String device, String topic, boolean everyone) {
        return device + "/" + topic + (everyone ? "/*" : "");
    }

    /** Users whose devices had more than a keeper that took over. */
    final List<String> outran = new ArrayList<>();

    boolean tookOver;

    @Override
    public boolean outran(int shard, String user, SyncKey key) {
        if (tookOver) {
            outran.add(user + " " + key.topic() + " " + key.sequence());
        }
        return tookOver;
    }

    @Override
    public Stored revoke(int shard, long epoch, MessageId message) throws ProtocolException {
        throw new ProtocolException(Reason.UNKNOWN_MESSAGE, "this keeper takes nothing back");
    }

    @Override
    public void seen(List<DeviceState> states) {
        door.pass("seen");
        states.forEach(state -> devices.put(state.device(), state));
    }

    @Override
    public List<DeviceState> devicesOf(String user) {
        return devices.values().stream()
                .filter(state -> state.user().equals(user))
                .toList();
    }

    @Override
    public void unregister(String vendor, String token) {
        devices.values().removeIf(state -> state.pushToken().equals(token));
    }

    @Override
    public void note(List<StepNote> steps) {
        door.pass("note");
        notes.addAll(steps);
    }

    @Override
    public Optional<Trace> trace(MessageId message, String user) {
        return Optional.empty();
    }

    @Override
    public List<Trace> traceUser(String user, int limit) {
        return List.of();
    }

    @Override
    public void close() {}
}
