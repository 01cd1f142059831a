package io.rialto.sync;

import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a stream's device is in each sequence: what it had, what was sent, what it has acknowledged. Guarded by its
 * stream.
 */
final class Progress {
    /** Messages that a device may owe an acknowledgement for; above that it hears no more. */
    static final int MAX_MESSAGES = 64;

    /** The same in bytes of frames; one message may go over it. */
    static final int MAX_BYTES = 256 * 1024;

    /** Sequences of one device in one read: each is a part of the device's room. */
    private static final int MAX_WANTS = 4;

    private static final int MIN_WANT_MESSAGES = 16;
    private static final int MIN_WANT_BYTES = 64 * 1024;
    private static final int MAX_BATCH_BYTES = 128 * 1024;
    /** Two sequences for each of 256 topics. */
    private static final int MAX_CLAIMS = 512;

    private static final Sequence[] NONE = {};

    private Sequence[] sequences = NONE;
    /** What the device says to have beyond what was sent here: believed only if the database says so too. */
    private @Nullable List<SyncKey> claims;

    private int nextWant;
    private int flyingMessages;
    private int flyingBytes;

    /** Told of each batch that is acknowledged. */
    interface Landed {
        void landed(Sequence.Flight flight);
    }

    Progress(List<SyncKey> keys) {
        this.claims = keys.isEmpty() ? null : new ArrayList<>(keys);
    }

    boolean isFlying() {
        return flyingMessages > 0;
    }

    /** Only where half of it is free: a device that is far behind would else get ever smaller batches. */
    boolean hasRoom() {
        return flyingMessages <= MAX_MESSAGES / 2 && flyingBytes <= MAX_BYTES / 2;
    }

    // acknowledgements

    /** What a device acknowledges; true where something was new. What was not sent here becomes a claim. */
    boolean acknowledge(List<SyncKey> keys, Landed landed) {
        boolean settled = false;
        for (SyncKey key : keys) {
            Sequence sequence = find(key, 0);
            if (sequence != null && sequence.inbox == key.inbox() && key.sequence() <= sequence.sent) {
                settled |= settle(sequence, key.sequence(), landed);
            } else {
                claim(key);
            }
        }
        return settled;
    }

    private boolean settle(Sequence sequence, long upTo, Landed landed) {
        if (upTo <= sequence.acked) {
            return false;
        }
        sequence.acked = upTo;
        for (Sequence.Flight flight = sequence.land(); flight != null; flight = sequence.land()) {
            flyingMessages -= flight.messages;
            flyingBytes -= flight.bytes;
            landed.landed(flight);
        }
        return true;
    }

    private void claim(SyncKey key) {
        List<SyncKey> all = claims == null ? new ArrayList<>() : claims;
        all.removeIf(other -> other.topic().equals(key.topic())
                && other.everyone() == key.everyone()
                && other.inbox() == key.inbox()
                && other.sequence() <= key.sequence());
        if (all.size() < MAX_CLAIMS) { // a device that means the rest says it again
            all.add(key);
        }
        claims = all;
    }

    boolean hasClaims() {
        return claims != null;
    }

    /** What can be held against what the database says after this. */
    List<SyncKey> takeClaims() {
        List<SyncKey> taken = claims == null ? List.of() : claims;
        claims = null;
        return taken;
    }

    /** The database said nothing: the claims stand as before. */
    void giveBack(List<SyncKey> taken) {
        List<SyncKey> newer = takeClaims();
        claims = taken.isEmpty() ? null : new ArrayList<>(taken);
        newer.forEach(this::claim);
    }

    /** What the database is still to be told. */
    List<Acknowledgement> unwritten(int shard, String user, String device) {
        List<Acknowledgement> all = new ArrayList<>();
        for (Sequence each : sequences) {
            if (each.acked > each.written) {
                each.written = each.acked;
                all.add(new Acknowledgement(
                        shard, user, device, new SyncKey(each.topic, each.everyone, each.inbox, each.acked)));
            }
        }
        return all;
    }

    /** The database was not told after all. */
    void notWritten(List<Acknowledgement> all) {
        for (Acknowledgement each : all) {
            Sequence sequence = find(each.upTo(), 0);
            if (sequence != null) {
                sequence.written = Math.min(sequence.written, each.upTo().sequence() - 1);
            }
        }
    }

    // what the database says

    /**
     * Takes over what the device claimed and the database confirms.
     *
     * @param highest of the device's user and app
     * @return whether an acknowledgement was new
     * @throws WrongKey where the device has what the database does not
     */
    boolean compare(List<SyncKey> highest, List<SyncKey> claimed, Landed landed) throws WrongKey {
        boolean settled = false;
        for (SyncKey claim : claimed) {
            check(claim, head(highest, claim));
            if (claim.inbox() != 0) {
                Sequence sequence = findOrAdd(claim, 0);
                sequence.inbox = claim.inbox();
                sequence.sent = Math.max(sequence.sent, claim.sequence());
                settled |= settle(sequence, claim.sequence(), landed);
            }
        }
        for (Sequence each : sequences) {
            SyncKey key = each.after();
            check(key, head(highest, key));
        }
        return settled;
    }

    private static void check(SyncKey key, @Nullable SyncKey head) throws WrongKey {
        if (key.inbox() == 0 && key.sequence() == 0) {
            return;
        }
        if (head == null || head.inbox() != key.inbox()) {
            throw new WrongKey(
                    Reason.FOREIGN_KEY,
                    key,
                    "key " + key.sequence() + " of inbox " + Long.toHexString(key.inbox())
                            + " (expected: "
                            + (head == null ? "none" : "one of inbox " + Long.toHexString(head.inbox())) + ")");
        }
        if (key.sequence() > head.sequence()) {
            throw new WrongKey(
                    Reason.FUTURE_KEY, key, "key " + key.sequence() + " (expected: at most " + head.sequence() + ")");
        }
    }

    /** Begins the text of every refusal of a key, so that a device knows which one to forget. */
    static String name(SyncKey key) {
        return key.topic() + (key.everyone() ? "*" : "");
    }

    private static @Nullable SyncKey head(List<SyncKey> highest, SyncKey key) {
        for (SyncKey head : highest) {
            if (head.everyone() == key.everyone() && head.topic().equals(key.topic())) {
                return head;
            }
        }
        return null;
    }

    /** Of how many sequences the database has more than was sent. Begins those that are new to the stream. */
    int behind(List<SyncKey> highest) {
        int behind = 0;
        for (int i = 0; i < highest.size(); i++) {
            SyncKey head = highest.get(i);
            if (head.sequence() > 0 && head.sequence() > findOrAdd(head, i).sent) {
                behind++;
            }
        }
        return behind;
    }

    /** What to read next: a few sequences in turn, each for a part of the room that is left. */
    List<Part> plan(List<SyncKey> highest) {
        if (!hasRoom()) {
            return List.of();
        }
        int room = MAX_MESSAGES - flyingMessages;
        int roomBytes = MAX_BYTES - flyingBytes;
        int most = Math.min(MAX_WANTS, Math.min(room / MIN_WANT_MESSAGES, roomBytes / MIN_WANT_BYTES));
        List<Sequence> chosen = new ArrayList<>(most);
        int count = highest.size();
        int start = nextWant;
        for (int i = 0; i < count && chosen.size() < most; i++) {
            int at = (start + i) % count;
            Sequence sequence = find(highest.get(at), at);
            if (sequence != null && sequence.sent < highest.get(at).sequence()) {
                chosen.add(sequence);
                nextWant = at + 1;
            }
        }
        int messages = room / Math.max(1, chosen.size());
        int bytes = Math.min(MAX_BATCH_BYTES, roomBytes / Math.max(1, chosen.size()));
        return chosen.stream()
                .map(sequence -> new Part(sequence, sequence.after(), messages, bytes))
                .toList();
    }

    /** The user's own sequence of a topic that was sent to the device up to here, by a key of the database's. */
    @Nullable
    Sequence endingAt(String topic, long sent) {
        for (Sequence each : sequences) {
            if (!each.everyone && each.inbox != 0 && each.sent == sent && each.topic.equals(topic)) {
                return each;
            }
        }
        return null;
    }

    /** A part of the next read. */
    record Part(Sequence sequence, SyncKey after, int maxMessages, int maxBytes) {}

    /** A batch goes out; false where it does not follow on what was sent before, so that it must not. */
    boolean send(Sequence sequence, Batch batch, int bytes) {
        if (batch.first() != sequence.sent + 1 || sequence.inbox != 0 && batch.inbox() != sequence.inbox) {
            return false;
        }
        sequence.inbox = batch.inbox();
        sequence.sent = batch.last();
        Sequence.Flight flight = new Sequence.Flight(batch, bytes);
        sequence.fly(flight);
        flyingMessages += flight.messages;
        flyingBytes += bytes;
        return true;
    }

    // the few sequences of a stream stand in the order in which the database names them, as a rule

    private @Nullable Sequence find(SyncKey key, int from) {
        for (int i = 0; i < sequences.length; i++) {
            Sequence each = sequences[(from + i) % sequences.length];
            if (each.is(key)) {
                return each;
            }
        }
        return null;
    }

    private Sequence findOrAdd(SyncKey key, int from) {
        Sequence known = find(key, from);
        if (known != null) {
            return known;
        }
        // One text for all streams: topics are few, and only configured ones come this far.
        Sequence added = new Sequence(key.topic().intern(), key.everyone());
        sequences = Arrays.copyOf(sequences, sequences.length + 1);
        sequences[sequences.length - 1] = added;
        return added;
    }
}
