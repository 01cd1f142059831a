package io.rialto.sync;

import com.google.protobuf.InvalidProtocolBufferException;
import io.rialto.cells.Cell;
import io.rialto.cells.RoutingTable;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.wire.BroadcastPage;
import io.rialto.sync.wire.BroadcastPosition;
import io.rialto.sync.wire.BroadcastStoredRequest;
import io.rialto.sync.wire.BroadcastsAnswer;
import io.rialto.sync.wire.BroadcastsRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a cell's copy of the messages to everyone, which the global cell owns: asks for what comes after the copy when
 * the global cell says that there is something, and every now and then, since such a hint may be lost. Several nodes of
 * a cell do the same; a copy takes each message once.
 *
 * <p>One virtual thread copies; hints come from any thread.
 */
public final class BroadcastCopies implements AutoCloseable {
    /** How late a copy is at most where a hint was lost; half of it at least, so that nodes do not ask at once. */
    static final Duration POLL = Duration.ofSeconds(2);

    /** Messages of one page; with the largest payload 1 MiB. */
    static final int PAGE = 16;

    /** No page is begun above that; an answer is at most twice as large. */
    private static final int MAX_ANSWER = 1 << 20;

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Logger LOG = LoggerFactory.getLogger(BroadcastCopies.class);

    private final InboxPorts ports;
    private final RandomGenerator random;
    private final Semaphore hinted = new Semaphore(0);
    /** How far the copy is, as this node knows; another node may have brought it further. Of the copying thread. */
    private final Map<String, Long> positions = new HashMap<>();

    private final Announcements announcements;
    private @Nullable Thread thread;
    private volatile boolean closed;
    private boolean failing;

    public BroadcastCopies(InboxPorts ports, RandomGenerator random) {
        this.ports = ports;
        this.random = random;
        this.announcements = new Announcements(ports.peers());
    }

    /** Begins to copy. */
    public void start() {
        thread = Thread.ofVirtual().name("broadcast-copies").start(this::run);
    }

    private void run() {
        while (!closed) {
            boolean more = false;
            try {
                more = round();
                if (failing) {
                    failing = false;
                    LOG.info("messages to everyone are copied again");
                }
            } catch (ProtocolException | RuntimeException e) {
                if (!failing) {
                    failing = true;
                    LOG.warn("messages to everyone are not copied for now: {}", e.toString());
                }
            }
            try {
                if (!more && hinted.tryAcquire(pause(), TimeUnit.MILLISECONDS)) {
                    hinted.drainPermits();
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private long pause() {
        return random.nextLong(POLL.toMillis() / 2, POLL.toMillis());
    }

    /** There is something new in the global cell. */
    void hint() {
        hinted.release();
    }

    /**
     * Asks once for what comes after the copy, and keeps it.
     *
     * @return whether there may be more right now
     */
    boolean round() throws ProtocolException {
        RoutingTable table = ports.table().get();
        Cell owner = table.global().cell();
        if (owner.id().equals(ports.cell())) {
            return false;
        }
        BroadcastsRequest.Builder request = BroadcastsRequest.newBuilder();
        for (String topic : ports.config().get().topics().keySet()) {
            long after = positions.computeIfAbsent(topic, ports.broadcasts()::highestBroadcast);
            request.addPositions(BroadcastPosition.newBuilder().setTopic(topic).setAfter(after));
        }
        if (request.getPositionsCount() == 0) {
            return false;
        }
        BroadcastsAnswer answer = ask(owner.id(), request.build());
        boolean progress = false;
        for (BroadcastPage page : answer.getPagesList()) {
            progress |= keep(page);
        }
        return progress && answer.getMore();
    }

    private BroadcastsAnswer ask(String owner, BroadcastsRequest request) throws ProtocolException {
        try {
            byte[] answer = ports.peers()
                    .toCell(owner, InboxService.CELL_BROADCASTS, request.toByteArray(), TIMEOUT)
                    .toCompletableFuture()
                    .join();
            return BroadcastsAnswer.parseFrom(answer);
        } catch (InvalidProtocolBufferException e) {
            throw new ProtocolException(Reason.INTERNAL, "answer of cell " + owner + ": " + e.getMessage());
        } catch (CompletionException e) {
            if (e.getCause() instanceof ProtocolException refusal) {
                throw refusal;
            }
            throw e;
        }
    }

    private boolean keep(BroadcastPage frame) {
        String topic = frame.getTopic();
        long here = ports.broadcasts().highestBroadcast(topic);
        boolean fresh = frame.getLast() > here;
        boolean kept = fresh && ports.broadcasts().copy(BroadcastFrames.read(frame));
        if (kept) {
            for (var broadcast : frame.getBroadcastsList()) {
                long micros = Math.max(0, ports.clock().millis() * 1_000 - broadcast.getStoredMicros());
                ports.meters().copied(topic, Duration.ofNanos(micros * 1_000));
            }
            ports.hints().storedForEveryone(topic);
        }
        long now = kept ? frame.getLast() : ports.broadcasts().highestBroadcast(topic);
        Long before = positions.put(topic, now);
        return before == null || now > before;
    }

    /** What comes after each position, as the global cell has it. Blocks. */
    BroadcastsAnswer pages(BroadcastsRequest request) {
        BroadcastsAnswer.Builder answer = BroadcastsAnswer.newBuilder();
        int bytes = 0;
        for (BroadcastPosition position : request.getPositionsList()) {
            if (bytes > MAX_ANSWER) {
                return answer.setMore(true).build();
            }
            Optional<Broadcasts.Page> page =
                    ports.broadcasts().after(position.getTopic(), Math.max(0, position.getAfter()), PAGE);
            if (page.isPresent()) {
                BroadcastPage frame = BroadcastFrames.write(page.get());
                answer.addPages(frame);
                bytes += frame.getSerializedSize();
                // Whether there are more is found out by asking; at the end of a backlog once for nothing.
                answer.setMore(true);
            }
        }
        return answer.build();
    }

    /** A message to everyone was stored in this cell, the global one: devices and all other cells are told. */
    void stored(String topic) {
        ports.hints().storedForEveryone(topic);
        RoutingTable table = ports.table().get();
        table.cells().stream()
                .map(Cell::id)
                .filter(cell -> !cell.equals(ports.cell()))
                .forEach(announcements::announce);
    }

    @Override
    public void close() {
        closed = true;
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    /** Tells cells; while a cell is being told, whatever else is stored is told by one more call. */
    private static final class Announcements {
        private final Peers peers;
        /** Cells that are being told, with whether there was more since. Guarded by itself. */
        private final Map<String, Boolean> telling = new HashMap<>();

        Announcements(Peers peers) {
            this.peers = peers;
        }

        void announce(String cell) {
            synchronized (telling) {
                if (telling.put(cell, telling.containsKey(cell)) != null) {
                    return;
                }
            }
            tell(cell);
        }

        private void tell(String cell) {
            byte[] body = BroadcastStoredRequest.getDefaultInstance().toByteArray();
            peers.toCell(cell, InboxService.CELL_BROADCAST_STORED, body, POLL).whenComplete((answer, failure) -> {
                synchronized (telling) {
                    // A cell that cannot be told finds out by asking.
                    if (failure != null || !Boolean.TRUE.equals(telling.get(cell))) {
                        telling.remove(cell);
                        return;
                    }
                    telling.put(cell, false);
                }
                tell(cell);
            });
        }
    }
}
