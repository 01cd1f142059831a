package io.rialto.gateway.transport;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.loop.Loop;
import java.util.Arrays;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one listener on one loop, and what they share. Each connection is visited about once a second for its timeouts: a timer
 * per connection would cost memory for every idle phone and work for every call. Connections are spread over slots, so that a visit to very many
 * does not hold up the loop at once. Used on its loop only.
 */
final class Lane {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(Lane.class);
    private static final int SLOTS = 8;
    private static final long TICK_MILLIS = 125;
    private static final int FIRST_BLOCK = 4 << 10;

    final Port port;
    final Loop loop;

    /** Decoding a header block is one step on one thread: all connections use the same object for it. */
    final RequestFields requestFields;

    final CommonValues commonValues = new CommonValues();

    /** For the bytes of one block; as long as the longest yet, which the reader of frames bounds. */
    private byte[] block = new byte[FIRST_BLOCK];

    private final @Nullable Connection[][] slots = new Connection[SLOTS][16];
    private final int[] sizes = new int[SLOTS];
    private int nextSlot;
    private int turn;
    private boolean draining;
    private @Nullable Future<?> ticks;

    Lane(Port port, Loop loop) {
        this.port = port;
        this.loop = loop;
        this.requestFields = new RequestFields(port.limits);
    }

    /** At least so many bytes, for use within one step. */
    byte[] block(int length) {
        if (block.length < length) {
            block = new byte[Math.max(length, block.length * 2)];
        }
        return block;
    }

    void start() {
        ticks = loop.eventLoop().scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    void add(Connection connection) {
        int slot = nextSlot;
        nextSlot = (nextSlot + 1) % SLOTS;
        if (sizes[slot] == slots[slot].length) {
            slots[slot] = Arrays.copyOf(slots[slot], sizes[slot] * 2);
        }
        connection.sweepSlot = slot;
        place(connection, slot, sizes[slot]++);
    }

    void remove(Connection connection) {
        int slot = connection.sweepSlot;
        if (slot < 0) {
            return;
        }
        int last = --sizes[slot];
        place(slots[slot][last], slot, connection.sweepIndex);
        Arrays.fill(slots[slot], last, last + 1, null);
        connection.sweepSlot = -1;
    }

    private void place(Connection connection, int slot, int index) {
        slots[slot][index] = connection;
        connection.sweepIndex = index;
    }

    int size() {
        return Arrays.stream(sizes).sum();
    }

    /** Lets connections, also those that come later, end as their calls do. */
    void drain() {
        draining = true;
        forEach(Connection::drain);
    }

    boolean draining() {
        return draining;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // closing needs no answer
    void close() {
        forEach(connection -> connection.channel.close());
        if (ticks != null) {
            ticks.cancel(false);
        }
    }

    void tick() {
        turn = (turn + 1) % SLOTS;
        long now = loop.nanoTime();
        visit(turn, connection -> connection.sweep(now));
    }

    void forEach(Consumer<Connection> action) {
        for (int slot = 0; slot < SLOTS; slot++) {
            visit(slot, action);
        }
    }

    private void visit(int slot, Consumer<Connection> action) {
        // Downwards: the visited may leave, and the last takes its place.
        for (int i = sizes[slot] - 1; i >= 0; i--) {
            if (i < sizes[slot]) {
                try {
                    action.accept(slots[slot][i]);
                } catch (RuntimeException e) {
                    LOG.error("a visit to a connection failed", e);
                }
            }
        }
    }
}
