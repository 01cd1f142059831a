package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** Takes publishes as a database would, in memory; users may be made to fail. */
final class FakeInbox implements Inbox {
    final List<Publication> stored = new ArrayList<>();
    final List<MessageId> revoked = new ArrayList<>();
    final Set<String> fenced = new HashSet<>();
    final Set<String> broken = new HashSet<>();
    Runnable onFenced = () -> {};
    private final Map<List<String>, Long> keys = new HashMap<>();
    private final Map<List<String>, Long> heads = new HashMap<>();

    @Override
    public synchronized CompletableFuture<Stored> publish(Publication p) {
        if (fenced.contains(p.user())) {
            onFenced.run();
            return CompletableFuture.failedFuture(new ProtocolException(Reason.FENCED, "shard: " + p.shard()));
        }
        if (broken.contains(p.user())) {
            return CompletableFuture.failedFuture(new InboxException("away", new IllegalStateException("away")));
        }
        List<String> key = List.of(p.user(), p.topic(), p.key());
        Long first = keys.get(key);
        if (first != null) {
            return CompletableFuture.completedFuture(new Stored(first, true));
        }
        long sequence = heads.merge(List.of(p.user(), p.topic()), 1L, Long::sum);
        keys.put(key, sequence);
        stored.add(p);
        return CompletableFuture.completedFuture(new Stored(sequence, false));
    }

    @Override
    public Set<ShardEpoch> open(Set<ShardEpoch> shards) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<Slice> read(List<Want> wants) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<List<SyncKey>> highest(List<String> users) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<AckOutcome> acknowledge(List<Acknowledgement> acknowledgements) {
        throw new UnsupportedOperationException();
    }

    @Override
    public synchronized Stored revoke(int shard, long epoch, MessageId message) throws ProtocolException {
        long last = heads.getOrDefault(List.of(message.user(), message.topic()), 0L);
        if (message.sequence() > last) {
            throw new ProtocolException(Reason.UNKNOWN_MESSAGE, "message: " + message);
        }
        revoked.add(message);
        return new Stored(heads.merge(List.of(message.user(), message.topic()), 1L, Long::sum), false);
    }

    @Override
    public void close() {}
}
