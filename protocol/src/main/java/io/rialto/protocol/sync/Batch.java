package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What a device gets of one sequence: covers {@link #first} to {@link #last} without a gap to what was sent before, with
 * the messages of that range that the device should have, in order.
 */
public final class Batch {
    /** Messages of one batch. */
    public static final int MAX_MESSAGES = 64;

    private final String topic;
    private final boolean everyone;
    private final long inbox;
    private final long first;
    private final long last;
    private final long dropped;
    private final List<SyncMessage> messages;

    /**
     * With all that it says.
     *
     * @param end the key of a device that has applied all of this
     * @param first the sequence after what the device had
     * @param dropped how many of the range were dropped by the topic's retention, at least
     */
    public Batch(SyncKey end, long first, long dropped, List<SyncMessage> messages) {
        this.topic = end.topic();
        this.everyone = end.everyone();
        this.inbox = end.inbox();
        this.first = first;
        this.last = end.sequence();
        this.dropped = dropped;
        this.messages = List.copyOf(Objects.requireNonNull(messages, "messages"));
    }

    public String topic() {
        return topic;
    }

    public boolean everyone() {
        return everyone;
    }

    public long inbox() {
        return inbox;
    }

    public long first() {
        return first;
    }

    public long last() {
        return last;
    }

    public long dropped() {
        return dropped;
    }

    public List<SyncMessage> messages() {
        return messages;
    }

    /** The key of a device that has applied all of this. */
    public SyncKey end() {
        return new SyncKey(topic, everyone, inbox, last);
    }

    byte[] encode() {
        ProtoWriter out = new ProtoWriter(128)
                .text(1, topic)
                .flag(2, everyone)
                .fixed64(3, inbox)
                .number(4, first)
                .number(5, last)
                .number(6, dropped);
        for (SyncMessage message : messages) {
            out.message(7, message.encode());
        }
        return out.toBytes();
    }

    static Batch decode(ProtoReader in) throws ProtocolException {
        String topic = "";
        boolean everyone = false;
        long inbox = 0;
        long first = 0;
        long last = 0;
        long dropped = 0;
        List<SyncMessage> messages = new ArrayList<>();
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    topic = in.text(SyncKey.MAX_TOPIC);
                    break;
                case 2:
                    everyone = in.flag();
                    break;
                case 3:
                    inbox = in.fixed64();
                    break;
                case 4:
                    first = in.number(Long.MAX_VALUE);
                    break;
                case 5:
                    last = in.number(Long.MAX_VALUE);
                    break;
                case 6:
                    dropped = in.number(Long.MAX_VALUE);
                    break;
                case 7:
                    if (messages.size() == MAX_MESSAGES) {
                        throw ProtoReader.malformed("batch: more than " + MAX_MESSAGES + " messages");
                    }
                    messages.add(SyncMessage.decode(in.message()));
                    break;
                default:
                    in.skip();
            }
        }
        check(first, last, messages);
        return new Batch(new SyncKey(topic, everyone, inbox, last), first, dropped, messages);
    }

    private static void check(long first, long last, List<SyncMessage> messages) throws ProtocolException {
        if (first < 1 || last < first) {
            throw ProtoReader.malformed("batch: " + first + " to " + last + " (expected: a range from 1)");
        }
        long before = first - 1;
        for (SyncMessage message : messages) {
            if (message.sequence() <= before || message.sequence() > last) {
                throw ProtoReader.malformed("message " + message.sequence() + " after " + before
                        + " (expected: rising, within " + first + " to " + last + ")");
            }
            before = message.sequence();
        }
    }
}
