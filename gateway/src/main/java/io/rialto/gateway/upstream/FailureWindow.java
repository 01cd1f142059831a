package io.rialto.gateway.upstream;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** Calls and failures of the last while, in slots that are reused; on one loop only. */
final class FailureWindow {
    private static final int SLOTS = 10;

    private final int[] calls = new int[SLOTS];
    private final int[] failures = new int[SLOTS];
    private int totalCalls;
    private int totalFailures;
    private long slot = Long.MIN_VALUE;

    /** Counts a call; returns whether the window's calls now fail too often. */
    boolean record(boolean failed, long now, BackendSettings.Breaker settings) {
        advance(Math.floorDiv(now, TimeUnit.MILLISECONDS.toNanos(settings.windowMillis()) / SLOTS));
        int index = Math.floorMod(slot, SLOTS);
        calls[index]++;
        totalCalls++;
        if (!failed) {
            return false;
        }
        failures[index]++;
        totalFailures++;
        return totalCalls >= settings.minCalls()
                && totalFailures * 100L >= (long) settings.failurePercent() * totalCalls;
    }

    /** Forgets everything. */
    void clear() {
        Arrays.fill(calls, 0);
        Arrays.fill(failures, 0);
        totalCalls = 0;
        totalFailures = 0;
    }

    private void advance(long current) {
        if (current == slot) {
            return;
        }
        if (slot == Long.MIN_VALUE || current - slot >= SLOTS || current < slot) {
            clear();
        } else {
            for (long passed = slot + 1; passed <= current; passed++) {
                int index = Math.floorMod(passed, SLOTS);
                totalCalls -= calls[index];
                totalFailures -= failures[index];
                calls[index] = 0;
                failures[index] = 0;
            }
        }
        slot = current;
    }
}
