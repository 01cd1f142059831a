package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.SyncKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;

/** What a device gets by a call, when it has no stream. */
final class Fetcher {
    /** Fetches at once, as they come after a wake-up by the devices' vendors; above that devices come again later. */
    private static final int MAX_FETCHES = 64;

    private static final int MAX_ANSWER_BYTES = 128 * 1024;

    private final DeliveryPorts ports;
    private final TopicRules rules;
    private final Notes notes;
    private final Semaphore permits = new Semaphore(MAX_FETCHES);

    Fetcher(DeliveryPorts ports, TopicRules rules, Notes notes) {
        this.ports = ports;
        this.rules = rules;
        this.notes = notes;
    }

    CompletableFuture<byte[]> fetch(Device device, byte[] request) {
        if (!permits.tryAcquire()) {
            return CompletableFuture.failedFuture(new ProtocolException(
                    Reason.OVERLOADED, MAX_FETCHES + " fetches are being answered (expected: again later)"));
        }
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        try {
            ports.workers().execute(() -> {
                try {
                    answer.complete(answer(device, request).encode());
                } catch (WrongKey e) {
                    answer.completeExceptionally(e.refusal(ports.inbox(), device.shard(), device.user()));
                } catch (ProtocolException e) {
                    answer.completeExceptionally(e);
                } catch (InboxException e) {
                    ports.meters().unanswered();
                    answer.completeExceptionally(
                            new ProtocolException(Reason.STORE_UNAVAILABLE, String.valueOf(e.getMessage())));
                } catch (RuntimeException e) {
                    answer.completeExceptionally(e);
                } finally {
                    permits.release();
                }
            });
        } catch (RejectedExecutionException e) {
            permits.release();
            answer.completeExceptionally(new ProtocolException(Reason.DRAINING, "the edge is going down"));
        }
        return answer;
    }

    private Fetched answer(Device device, byte[] request) throws ProtocolException, WrongKey {
        Hello hello = Fetched.decodeRequest(request);
        long version = rules.version(hello);
        notes.seen(device, hello, version);
        List<SyncKey> highest = rules.ofApp(
                device.app(), ports.inbox().highest(List.of(device.user())).get(0));
        requireOpen(device);
        Progress progress = new Progress(List.of());
        progress.compare(highest, rules.known(device.app(), hello.keys()), flight -> {});
        List<Acknowledgement> acknowledged = progress.unwritten(device.shard(), device.user(), device.id());
        if (!acknowledged.isEmpty()) {
            // The keys were right a moment ago; what gets lost is said again.
            ports.inbox().acknowledge(acknowledged);
        }
        progress.behind(highest);
        List<Batch> batches = read(device, hello, version, progress, highest);
        return new Fetched(
                batches,
                highest,
                !batches.isEmpty() && progress.behind(highest) > 0,
                ports.clock().millis());
    }

    /** What was read is what the user's cell has; elsewhere there may be some of it still, or none. */
    private void requireOpen(Device device) throws ProtocolException {
        Inbox.ShardEpoch shard = new Inbox.ShardEpoch(device.shard(), device.epoch());
        if (!ports.inbox().open(Set.of(shard)).contains(shard)) {
            throw new ProtocolException(
                    Reason.FENCED,
                    "shard " + shard.shard() + ": not open here at epoch " + shard.epoch()
                            + " (expected: another try)");
        }
    }

    private List<Batch> read(Device device, Hello hello, long version, Progress progress, List<SyncKey> highest)
            throws ProtocolException, WrongKey {
        List<Progress.Part> parts = progress.plan(highest);
        if (parts.isEmpty()) {
            return List.of();
        }
        int share = MAX_ANSWER_BYTES / parts.size();
        List<Slice> slices = ports.inbox()
                .read(parts.stream()
                        .map(part -> new Want(
                                device.user(),
                                device.id(),
                                part.after(),
                                version,
                                hello.locale(),
                                hello.platform(),
                                part.maxMessages(),
                                Math.min(share, part.maxBytes())))
                        .toList());
        requireOpen(device);
        List<Batch> batches = new ArrayList<>();
        int room = MAX_ANSWER_BYTES;
        for (int i = 0; i < slices.size(); i++) {
            if (slices.get(i) instanceof Slice.BadKey bad) {
                throw new WrongKey(
                        bad.future() ? Reason.FUTURE_KEY : Reason.FOREIGN_KEY,
                        parts.get(i).after(),
                        bad.message());
            }
            Batch batch = slices.get(i).batchOrNull();
            int bytes = batch == null ? 0 : bytes(batch);
            if (batch != null && (batches.isEmpty() || bytes <= room)) {
                progress.send(parts.get(i).sequence(), batch, bytes);
                batches.add(batch);
                room -= bytes;
            }
        }
        return batches;
    }

    private static int bytes(Batch batch) {
        return batch.messages().stream()
                .mapToInt(message -> message.payload().length)
                .sum();
    }
}
