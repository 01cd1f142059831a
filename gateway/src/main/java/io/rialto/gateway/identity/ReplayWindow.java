package io.rialto.gateway.identity;

/** Which counters of a session were seen: the highest, and the 1,024 below it. Safe for all threads. */
public final class ReplayWindow {
    /** Far more than a phone has calls in flight, and 128 bytes. */
    static final int SIZE = 1024;

    private static final int WORDS = SIZE / 64;

    private final long[] seen = new long[WORDS];
    private long highest;

    /** Takes a counter; false where it was taken before or lies under the window. */
    public synchronized boolean take(long counter) {
        if (counter > highest) {
            clear(highest + 1, counter);
            highest = counter;
        } else if (counter <= highest - SIZE || counter < 1 || (word(counter) & bit(counter)) != 0) {
            return false;
        }
        seen[index(counter)] |= bit(counter);
        return true;
    }

    /** Whether {@link #take} would refuse, without taking: spares the work of opening what is refused anyway. */
    public synchronized boolean refuses(long counter) {
        return counter < 1 || counter <= highest - SIZE || counter <= highest && (word(counter) & bit(counter)) != 0;
    }

    private void clear(long from, long to) {
        if (to - from >= SIZE) {
            java.util.Arrays.fill(seen, 0);
            return;
        }
        for (long counter = from; counter <= to; counter++) {
            seen[index(counter)] &= ~bit(counter);
        }
    }

    private long word(long counter) {
        return seen[index(counter)];
    }

    private static int index(long counter) {
        return (int) (counter >>> 6) & (WORDS - 1);
    }

    private static long bit(long counter) {
        return 1L << (counter & 63);
    }
}
