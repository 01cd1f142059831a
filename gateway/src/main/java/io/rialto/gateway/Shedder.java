package io.rialto.gateway;

/**
 * Decides which calls an overloaded event loop refuses. The measure is the least delay of the loop's queue over 100 ms: a
 * burst leaves a moment without a queue, a standing queue does not (CoDel). While it stays above the target a growing
 * share of calls is shed, and the share falls again once the queue is gone, so that the loop neither drowns nor idles.
 */
final class Shedder {
    private static final long INTERVAL_NANOS = 100_000_000;
    private static final int STEP_PERCENT = 10;
    private static final int MAX_PERCENT = 90;

    private int percent;
    private long next;
    private int turn;

    /** Whether to refuse this call. */
    boolean sheds(long delayNanos, long targetNanos, long now) {
        if (now - next >= 0) {
            next = now + INTERVAL_NANOS;
            percent = delayNanos > targetNanos
                    ? Math.min(MAX_PERCENT, percent + STEP_PERCENT)
                    : Math.max(0, percent - STEP_PERCENT);
        }
        if (percent == 0) {
            return false;
        }
        // 37 has no common factor with 100: refusals spread evenly over the calls
        turn = (turn + 37) % 100;
        return turn < percent;
    }
}
