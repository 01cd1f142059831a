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
 * Hands messages to a handler and keeps in a journal how far that was begun and confirmed. Begun is durable before the first
 * message of a batch is handed over; each confirmation survives the process at once, and the machine at the batch's end.
 */
final class ConfirmedSink implements Sink {
    /** A key takes some 60 bytes: the file is made anew after a few thousand messages. */
    private static final long MAX_BYTES = 256 << 10;

    private final String topic;
    private final MessageHandler handler;
    private final Receipts receipts;
    private final JournalFile journal;
    private final @Nullable SyncKey[] confirmed = new SyncKey[2];
    private final @Nullable SyncKey[] begun = new SyncKey[2];

    ConfirmedSink(String topic, MessageHandler handler, Receipts receipts, Path file, Consumer<String> report)
            throws IOException {
        this.topic = topic;
        this.handler = handler;
        this.receipts = receipts;
        this.journal = JournalFile.open(
                file,
                record -> {
                    try {
                        replay(record);
                    } catch (ProtocolException e) {
                        report.accept(file.getFileName() + ": a record is none of this version: " + e.getMessage());
                    }
                },
                report);
    }

    private void replay(byte[] record) throws ProtocolException {
        SyncKey key = Records.key(record);
        int i = index(key.everyone());
        switch (Records.kind(record)) {
            case Records.KEY:
                confirmed[i] = key;
                break;
            case Records.BEGUN:
                begun[i] = key;
                break;
            case Records.FORGOTTEN:
                confirmed[i] = null;
                begun[i] = null;
                break;
            default:
                break;
        }
    }

    private static int index(boolean everyone) {
        return everyone ? 1 : 0;
    }

    @Override
    public @Nullable SyncKey key(boolean everyone) {
        return confirmed[index(everyone)];
    }

    @Override
    public void take(Batch batch) throws Exception {
        int i = index(batch.everyone());
        SyncKey before = begun[i];
        long repeated = before != null && before.inbox() == batch.inbox() ? before.sequence() : 0;
        if (!batch.messages().isEmpty() && repeated < batch.last()) {
            record(Records.BEGUN, batch.end());
            journal.force();
        }
        if (batch.dropped() > 0) {
            handler.dropped(topic, batch.dropped());
        }
        for (SyncMessage message : batch.messages()) {
            begun[i] = new SyncKey(topic, batch.everyone(), batch.inbox(), Math.max(repeated, message.sequence()));
            if (message.revokes() > 0) {
                handler.revoked(topic, message.revokes());
            } else {
                handler.handle(new InboxMessage(batch, message, message.sequence() <= repeated, receipts));
            }
            confirm(new SyncKey(topic, batch.everyone(), batch.inbox(), message.sequence()));
        }
        SyncKey key = confirmed[i];
        if (key == null || key.inbox() != batch.inbox() || key.sequence() < batch.last()) {
            confirm(batch.end());
        }
        journal.force();
        if (journal.size() > MAX_BYTES) {
            compact();
        }
    }

    private void confirm(SyncKey key) throws IOException {
        record(Records.KEY, key);
        confirmed[index(key.everyone())] = key;
    }

    private void record(byte kind, SyncKey key) throws IOException {
        journal.append(Records.of(kind, key));
    }

    private void compact() throws IOException {
        List<byte[]> records = new ArrayList<>();
        for (int i = 0; i < confirmed.length; i++) {
            if (begun[i] != null) {
                records.add(Records.of(Records.BEGUN, begun[i]));
            }
            if (confirmed[i] != null) {
                records.add(Records.of(Records.KEY, confirmed[i]));
            }
        }
        journal.rewrite(records);
    }

    @Override
    public void forget(boolean everyone) throws IOException {
        record(Records.FORGOTTEN, new SyncKey(topic, everyone, 0, 0));
        journal.force();
        confirmed[index(everyone)] = null;
        begun[index(everyone)] = null;
    }

    @Override
    public void close() throws IOException {
        journal.close();
    }
}
