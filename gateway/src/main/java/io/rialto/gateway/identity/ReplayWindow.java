package io.rialto.gateway.identity;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Which counters of a session were seen: the highest, and the 1,024 below it. Whoever owns it lets one thread at a time
 * take; any thread may ask meanwhile what would be refused.
 */
final class ReplayWindow {
    /** Far more than a phone has calls in flight, and 128 bytes. */
    static final int SIZE = 1024;

    private static final int WORDS = SIZE / 64;
    private static final VarHandle SEEN = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle HIGHEST;

    static {
        try {
            HIGHEST = MethodHandles.lookup().findVarHandle(ReplayWindow.class, "highest", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long[] seen = new long[WORDS];

    /** Rises only when the bits up to it are clear: who reads it and then a bit does not take an older counter's for it. */
    private long highest;

    /** Takes a counter; false where it was taken before or lies under the window. */
    boolean take(long counter) {
        long last = highest;
        if (counter > last) {
            clear(last + 1, counter);
            HIGHEST.setRelease(this, counter);
        } else if (counter <= last - SIZE || counter < 1 || isSeen(counter)) {
            return false;
        }
        int index = index(counter);
        SEEN.setOpaque(seen, index, seen[index] | bit(counter));
        return true;
    }

    /** Whether {@link #take} would refuse, without taking: spares the work of opening what is refused anyway. */
    boolean refuses(long counter) {
        long last = (long) HIGHEST.getAcquire(this);
        return counter < 1 || counter <= last - SIZE || counter <= last && isSeen(counter);
    }

    private void clear(long from, long to) {
        if (to - from >= SIZE) {
            Arrays.fill(seen, 0);
            return;
        }
        for (long counter = from; counter <= to; counter++) {
            int index = index(counter);
            SEEN.setOpaque(seen, index, seen[index] & ~bit(counter));
        }
    }

    private boolean isSeen(long counter) {
        return ((long) SEEN.getOpaque(seen, index(counter)) & bit(counter)) != 0;
    }

    private static int index(long counter) {
        return (int) (counter >>> 6) & (WORDS - 1);
    }

    private static long bit(long counter) {
        return 1L << (counter & 63);
    }
}
