package io.rialto.sync;

import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads for devices: two queries for as many as were called, one for how far their users' sequences go, one for what
 * they miss. So a greeting, a beat and a batch all come out of the database as it is at that moment.
 */
final class Reader {
    private static final Logger LOG = LoggerFactory.getLogger(Reader.class);
    /** Reads at once: enough to keep a core of the database busy, and no more. */
    private static final int MAX_WORKERS = 4;

    private static final int MAX_STREAMS = 256;
    /** Each stream is in the queue once at most. */
    private static final WorkQueue.Bounds BOUNDS =
            new WorkQueue.Bounds(MAX_WORKERS, MAX_STREAMS, Integer.MAX_VALUE, false);

    private final Inbox inbox;
    private final DeliveryMeters meters;
    private final WorkQueue<OpenStream> queue;

    Reader(DeliveryPorts ports) {
        this.inbox = ports.inbox();
        this.meters = ports.meters();
        this.queue = new WorkQueue<>(BOUNDS, this::serve, ports);
    }

    /** Something may be new for a stream's device. */
    void call(OpenStream stream) {
        if (stream.call()) {
            queue.add(stream);
        }
    }

    /** A message was stored just now: it is sent at once where it is what the device misses and nobody reads for it. */
    void call(OpenStream stream, Fresh fresh) {
        Sequence sequence = stream.begin(fresh);
        if (sequence == null) {
            call(stream);
            return;
        }
        try {
            stream.send(sequence, fresh.batch(sequence.after()), false);
        } catch (RuntimeException e) {
            // Not the trouble of whoever published it.
            LOG.error("sending to device {} failed", stream.device(), e);
            stream.end(Reason.INTERNAL, "sending failed");
        }
        if (stream.finish(false)) {
            queue.add(stream);
        }
    }

    void tick() {
        queue.tick();
    }

    /** A stream in a reader's hands. */
    private static final class Turn {
        final OpenStream stream;
        final List<SyncKey> claimed;
        boolean looked;
        boolean progressed;

        Turn(OpenStream stream) {
            this.stream = stream;
            this.claimed = stream.begin();
        }

        void giveBack() {
            stream.giveBack(looked ? List.of() : claimed);
        }
    }

    private record Wanted(Turn turn, Progress.Part part) {}

    private void serve(List<OpenStream> streams) {
        List<Turn> turns = streams.stream().map(Turn::new).toList();
        try {
            read(turns);
        } catch (InboxException e) {
            meters.unanswered();
            turns.forEach(Turn::giveBack);
            throw e;
        } catch (RuntimeException e) {
            serveApart(turns, e);
            return;
        }
        turns.forEach(this::finish);
    }

    private void finish(Turn turn) {
        if (turn.stream.finish(turn.progressed)) {
            queue.add(turn.stream);
        }
    }

    /** One device's trouble is not that of the others who were read with it. */
    private void serveApart(List<Turn> turns, RuntimeException trouble) {
        if (turns.size() == 1) {
            LOG.error("reading for device {} failed", turns.get(0).stream.device(), trouble);
            turns.get(0).stream.end(Reason.INTERNAL, "reading failed");
            finish(turns.get(0));
            return;
        }
        LOG.warn("reading for {} devices failed; reading for each alone", turns.size(), trouble);
        turns.forEach(Turn::giveBack);
        turns.forEach(turn -> serve(List.of(turn.stream)));
    }

    private void read(List<Turn> turns) {
        Map<String, List<SyncKey>> highest = highest(turns);
        List<Wanted> wanted = new ArrayList<>();
        Set<Inbox.ShardEpoch> open = open(turns);
        for (Turn turn : turns) {
            if (!turn.stream.isAmong(open)) {
                continue;
            }
            List<SyncKey> mine = highest.getOrDefault(turn.stream.user(), List.of());
            List<Progress.Part> parts = turn.stream.look(mine, turn.claimed);
            turn.looked = true;
            parts.forEach(part -> wanted.add(new Wanted(turn, part)));
        }
        if (wanted.isEmpty()) {
            return;
        }
        List<Slice> slices = inbox.read(
                wanted.stream().map(each -> each.turn.stream.want(each.part)).toList());
        open = open(turns);
        for (int i = 0; i < slices.size(); i++) {
            Wanted each = wanted.get(i);
            if (!each.turn.stream.isAmong(open)) {
                continue;
            }
            each.turn.progressed |= each.turn.stream.take(each.part, slices.get(i));
        }
    }

    /** Whose data is here and was when it was read. */
    private Set<Inbox.ShardEpoch> open(List<Turn> turns) {
        return inbox.open(turns.stream()
                .map(turn -> new Inbox.ShardEpoch(turn.stream.shard(), turn.stream.epoch()))
                .collect(Collectors.toSet()));
    }

    private Map<String, List<SyncKey>> highest(List<Turn> turns) {
        Map<String, List<SyncKey>> highest = new LinkedHashMap<>();
        turns.forEach(turn -> highest.put(turn.stream.user(), List.of()));
        List<String> users = List.copyOf(highest.keySet());
        List<List<SyncKey>> found = inbox.highest(users);
        for (int i = 0; i < users.size(); i++) {
            highest.put(users.get(i), found.get(i));
        }
        return highest;
    }
}
