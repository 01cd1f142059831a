package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.Objects;

/**
 * How far a device has come in one sequence: all up to {@link #sequence} was applied. The inbox id is random and names
 * what the sequence counts in, so that a key of another user's, or of an inbox that was made anew, is noticed.
 */
public final class SyncKey {
    /** The longest name of a topic. */
    public static final int MAX_TOPIC = 32;

    private final String topic;
    private final boolean everyone;
    private final long inbox;
    private final long sequence;

    /**
     * A key.
     *
     * @param everyone whether the sequence is that of messages to everyone, else the user's own
     */
    public SyncKey(String topic, boolean everyone, long inbox, long sequence) {
        this.topic = Objects.requireNonNull(topic, "topic");
        this.everyone = everyone;
        this.inbox = inbox;
        this.sequence = sequence;
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

    public long sequence() {
        return sequence;
    }

    byte[] encode() {
        return new ProtoWriter(topic.length() + 24)
                .text(1, topic)
                .flag(2, everyone)
                .fixed64(3, inbox)
                .number(4, sequence)
                .toBytes();
    }

    static SyncKey decode(ProtoReader in) throws ProtocolException {
        String topic = "";
        boolean everyone = false;
        long inbox = 0;
        long sequence = 0;
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    topic = in.text(MAX_TOPIC);
                    break;
                case 2:
                    everyone = in.flag();
                    break;
                case 3:
                    inbox = in.fixed64();
                    break;
                case 4:
                    sequence = in.number(Long.MAX_VALUE);
                    break;
                default:
                    in.skip();
            }
        }
        return new SyncKey(topic, everyone, inbox, sequence);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SyncKey
                && ((SyncKey) other).topic.equals(topic)
                && ((SyncKey) other).everyone == everyone
                && ((SyncKey) other).inbox == inbox
                && ((SyncKey) other).sequence == sequence;
    }

    @Override
    public int hashCode() {
        return Objects.hash(topic, everyone, inbox, sequence);
    }

    @Override
    public String toString() {
        return (everyone ? "*" : "") + topic + "@" + sequence;
    }
}
