package io.rialto.client.inbox;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import org.jspecify.annotations.Nullable;

/** Hands messages to a handler that keeps the keys itself, and so is always asked for them. */
final class JournaledSink implements Sink {
    private final String topic;
    private final JournaledHandler handler;
    private final Receipts receipts;

    JournaledSink(String topic, JournaledHandler handler, Receipts receipts) {
        this.topic = topic;
        this.handler = handler;
        this.receipts = receipts;
    }

    @Override
    public @Nullable SyncKey key(boolean everyone) throws Exception {
        String value = handler.load(StoredKey.name(topic, everyone));
        return value == null ? null : StoredKey.parse(topic, everyone, value);
    }

    @Override
    public void take(Batch batch) throws Exception {
        if (batch.dropped() > 0) {
            handler.dropped(batch.dropped());
        }
        long at = batch.first() - 1;
        for (SyncMessage message : batch.messages()) {
            at = message.sequence();
            StoredKey key = new StoredKey(new SyncKey(topic, batch.everyone(), batch.inbox(), at));
            if (message.revokes() > 0) {
                handler.revoked(message.revokes(), key);
            } else {
                handler.apply(new InboxMessage(batch, message, false, receipts), key);
            }
        }
        if (at < batch.last()) {
            handler.pass(new StoredKey(batch.end()));
        }
    }

    @Override
    public void forget(boolean everyone) throws Exception {
        handler.forget(StoredKey.name(topic, everyone));
    }
}
