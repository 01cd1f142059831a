package io.rialto.client.inbox;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a topic, kept by the SDK until the app removes them. A message and its key are one record of a journal, so
 * each message is here exactly once, whatever dies at whatever moment. Any thread may read.
 */
public final class StoredMessages {
    /** Messages kept; while so many are here, no more are taken from the platform, and it keeps them. */
    public static final int MAX_MESSAGES = 10_000;

    /** Of all payloads, which are also in memory; as {@link #MAX_MESSAGES}. */
    public static final int MAX_BYTES = 8 << 20;

    /** The journal is made anew when it is this large and holds more dead than live bytes. */
    private static final long COMPACT_BYTES = 1 << 20;

    private final String topic;
    private final Receipts receipts;
    private final JournalFile journal;
    private final Consumer<String> report;
    private final List<InboxMessage> messages = new ArrayList<>();
    private final @Nullable SyncKey[] keys = new SyncKey[2];
    private long payloadBytes;
    private long dropped;
    private volatile Runnable listener = () -> {};

    StoredMessages(String topic, Receipts receipts, Path file, Consumer<String> report) throws IOException {
        this.topic = topic;
        this.receipts = receipts;
        this.report = report;
        this.journal = JournalFile.open(file, this::replay, report);
    }

    private synchronized void replay(byte[] record) {
        try {
            switch (Records.kind(record)) {
                case Records.BATCH:
                    applied(Records.batch(record));
                    break;
                case Records.REMOVED:
                    SyncKey removed = Records.key(record);
                    drop(removed.everyone(), removed.inbox(), removed.sequence());
                    break;
                case Records.FORGOTTEN:
                    keys[Records.key(record).everyone() ? 1 : 0] = null;
                    break;
                default:
                    break;
            }
        } catch (ProtocolException e) {
            report.accept(topic + ": a stored record is none of this version: " + e.getMessage());
        }
    }

    /** What a batch in the journal means; the one place for when it is written and when it is read again. */
    private void applied(Batch batch) {
        dropped += batch.dropped();
        for (SyncMessage message : batch.messages()) {
            if (message.revokes() > 0) {
                drop(batch.everyone(), batch.inbox(), message.revokes());
            } else {
                messages.add(new InboxMessage(batch, message, false, receipts));
                payloadBytes += message.payload().length;
            }
        }
        keys[batch.everyone() ? 1 : 0] = batch.end();
    }

    private boolean drop(boolean everyone, long inbox, long sequence) {
        for (int i = 0; i < messages.size(); i++) {
            InboxMessage message = messages.get(i);
            if (message.sequence() == sequence && message.everyone() == everyone && message.inbox() == inbox) {
                messages.remove(i);
                payloadBytes -= message.payload().length;
                return true;
            }
        }
        return false;
    }

    /** All that are here, in the order of their arrival. */
    public synchronized List<InboxMessage> all() {
        return new ArrayList<>(messages);
    }

    public synchronized int size() {
        return messages.size();
    }

    /** How many the topic's retention dropped before the device could get them, at least. */
    public synchronized long dropped() {
        return dropped;
    }

    /** Is told, on a thread of the inbox, when messages came or were taken back. Must return soon. */
    public void onChange(Runnable action) {
        listener = action;
    }

    /**
     * Removes a message; it does not come again.
     *
     * @throws IOException where that could not be made durable; then it is still here
     */
    public synchronized void remove(InboxMessage message) throws IOException {
        SyncKey key = new SyncKey(topic, message.everyone(), message.inbox(), message.sequence());
        if (!messages.contains(message)) {
            return;
        }
        journal.append(Records.of(Records.REMOVED, key));
        journal.force();
        drop(key.everyone(), key.inbox(), key.sequence());
        if (journal.size() > COMPACT_BYTES && journal.size() > 2 * payloadBytes) {
            compact();
        }
    }

    /** Each message becomes a batch of its own, and the keys stand behind all. */
    private void compact() throws IOException {
        List<byte[]> records = new ArrayList<>(messages.size() + 2);
        for (InboxMessage message : messages) {
            records.add(message.record());
        }
        long told = dropped;
        for (SyncKey key : keys) {
            if (key != null) {
                records.add(Records.of(new Batch(key, key.sequence(), told, List.of())));
                told = 0;
            }
        }
        journal.rewrite(records);
    }

    private synchronized void store(Batch batch) throws IOException {
        if (messages.size() >= MAX_MESSAGES || payloadBytes >= MAX_BYTES) {
            throw new IOException(
                    messages.size() + " messages of " + payloadBytes + " bytes are stored (expected: below "
                            + MAX_MESSAGES + " and " + MAX_BYTES + "); remove some, and the others come");
        }
        journal.append(Records.of(batch));
        journal.force();
        applied(batch);
    }

    private synchronized void forgetKey(boolean everyone) throws IOException {
        journal.append(Records.of(Records.FORGOTTEN, new SyncKey(topic, everyone, 0, 0)));
        journal.force();
        keys[everyone ? 1 : 0] = null;
    }

    private synchronized @Nullable SyncKey key(boolean everyone) {
        return keys[everyone ? 1 : 0];
    }

    Sink sink() {
        return new Sink() {
            @Override
            public @Nullable SyncKey key(boolean everyone) {
                return StoredMessages.this.key(everyone);
            }

            @Override
            public void take(Batch batch) throws IOException {
                store(batch);
                if (!batch.messages().isEmpty()) {
                    listener.run();
                }
            }

            @Override
            public void forget(boolean everyone) throws IOException {
                forgetKey(everyone);
            }

            @Override
            public void close() throws IOException {
                synchronized (StoredMessages.this) {
                    journal.close();
                }
            }
        };
    }
}
