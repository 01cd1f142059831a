package io.rialto.sync;

import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the database what devices have applied. Since a key speaks for all before it, a stream waits here once however
 * often it acknowledges. What gets lost is said again by the keys of the next hello.
 */
final class AckWriter {
    private static final Logger LOG = LoggerFactory.getLogger(AckWriter.class);
    /**
     * One at once, and no more than some in a second: nobody waits for them, and one statement for many costs the database
     * much less than many. Their order between nodes does not matter.
     */
    private static final WorkQueue.Bounds BOUNDS = new WorkQueue.Bounds(1, 250, 50_000, true);

    private static final int MAX_WRITE = 1_000;

    private final Inbox inbox;
    private final DeliveryMeters meters;
    private final WorkQueue<OpenStream> queue;

    AckWriter(DeliveryPorts ports) {
        this.inbox = ports.inbox();
        this.meters = ports.meters();
        this.queue = new WorkQueue<>(BOUNDS, this::write, ports);
    }

    void add(OpenStream stream) {
        if (!stream.queueAcks()) {
            return;
        }
        OpenStream dropped = queue.add(stream);
        if (dropped != null) {
            dropped.takeAcks();
            meters.dropped(1);
        }
    }

    void tick() {
        queue.tick();
    }

    private record Owed(OpenStream stream, Acknowledgement acknowledgement) {
        void end(Reason reason) {
            SyncKey key = acknowledgement.upTo();
            stream.end(new WrongKey(reason, key, "ack of " + key.sequence()));
        }
    }

    private void write(List<OpenStream> streams) {
        List<Owed> all = new ArrayList<>();
        for (OpenStream stream : streams) {
            stream.takeAcks().forEach(each -> all.add(new Owed(stream, each)));
        }
        for (int from = 0; from < all.size(); from += MAX_WRITE) {
            try {
                writeSome(all.subList(from, Math.min(all.size(), from + MAX_WRITE)));
            } catch (InboxException e) {
                meters.unanswered();
                all.subList(from, all.size()).forEach(owed -> owed.stream.notWritten(List.of(owed.acknowledgement)));
                streams.forEach(OpenStream::queueAcks);
                throw e;
            } catch (RuntimeException e) {
                LOG.error("acknowledging for {} devices failed", streams.size(), e);
            }
        }
    }

    /**
     * Looks again before a device forgets a key. Nobody has waited until what the acknowledgement met is on the standbys: it
     * may have been a server that another one has taken over from. Or the user's rows have left, to a shard of their own.
     */
    private void end(Owed owed, Reason wrong) {
        OpenStream stream = owed.stream;
        SyncKey key = owed.acknowledgement.upTo();
        List<SyncKey> heads = inbox.highest(List.of(stream.user())).getFirst();
        Set<Inbox.ShardEpoch> open = inbox.open(Set.of(new Inbox.ShardEpoch(stream.shard(), stream.epoch())));
        if (stream.isAmong(open) && heads.stream().noneMatch(head -> gave(head, key))) {
            owed.end(wrong);
        }
    }

    private static boolean gave(SyncKey head, SyncKey key) {
        return head.topic().equals(key.topic())
                && head.everyone() == key.everyone()
                && head.inbox() == key.inbox()
                && head.sequence() >= key.sequence();
    }

    private void writeSome(List<Owed> some) {
        List<AckOutcome> outcomes =
                inbox.acknowledge(some.stream().map(Owed::acknowledgement).toList());
        for (int i = 0; i < outcomes.size(); i++) {
            Owed owed = some.get(i);
            switch (outcomes.get(i)) {
                case FOREIGN_KEY -> end(owed, Reason.FOREIGN_KEY);
                case FUTURE_KEY -> end(owed, Reason.FUTURE_KEY);
                // Where the shard has gone, the table's change ends the stream, and the keys are told there.
                case FENCED, KEPT -> {}
            }
        }
    }
}
