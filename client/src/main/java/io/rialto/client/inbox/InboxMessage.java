package io.rialto.client.inbox;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Step;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A message as the app gets it. */
public final class InboxMessage {
    private final String topic;
    private final boolean everyone;
    private final long inbox;
    private final SyncMessage message;
    private final boolean possiblyRepeated;
    private final Receipts receipts;

    InboxMessage(Batch batch, SyncMessage message, boolean possiblyRepeated, Receipts receipts) {
        this.topic = batch.topic();
        this.everyone = batch.everyone();
        this.inbox = batch.inbox();
        this.message = message;
        this.possiblyRepeated = possiblyRepeated;
        this.receipts = receipts;
    }

    public String topic() {
        return topic;
    }

    /** Whether it went to everyone or an audience: such messages of a topic are a sequence of their own. */
    public boolean everyone() {
        return everyone;
    }

    /** Its place among the messages of the topic; rises without repeating. */
    public long sequence() {
        return message.sequence();
    }

    /** Names it everywhere, also for traces. */
    public String id() {
        return message.id();
    }

    public String contentType() {
        return message.contentType();
    }

    /** Not copied: must not be changed. */
    public byte[] payload() {
        return message.payload();
    }

    /** The payload, where it is text in UTF-8. */
    public String text() {
        return new String(message.payload(), StandardCharsets.UTF_8);
    }

    public long createdMillis() {
        return message.createdMillis();
    }

    /** 0 for never. */
    public long expiresMillis() {
        return message.expiresMillis();
    }

    public boolean urgent() {
        return message.urgent();
    }

    /** Of messages with one collapse key only the last matters; empty for none. */
    public String collapse() {
        return message.collapse();
    }

    /**
     * Whether the handler may have had it before: it was begun and not confirmed, because the app ended or the handler
     * failed. Only with {@link MessageHandler}.
     */
    public boolean possiblyRepeated() {
        return possiblyRepeated;
    }

    /** Tells the platform that the person saw it. Told when there is a stream; lost with the process. */
    public void shown() {
        receipts.add(message.id(), Step.SHOWN);
    }

    /** Tells the platform that the person opened it. */
    public void opened() {
        receipts.add(message.id(), Step.OPENED);
    }

    long inbox() {
        return inbox;
    }

    /** A record that holds this message alone. */
    byte[] record() {
        SyncKey end = new SyncKey(topic, everyone, inbox, message.sequence());
        return Records.of(new Batch(end, message.sequence(), 0, List.of(message)));
    }

    /** Names it; no payload is in it. */
    @Override
    public String toString() {
        return message.id();
    }
}
