package io.rialto.wallet.phone;

import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** Calls, errors by reason and latencies, by operation or cell. Guarded by itself. */
final class Tally {
    private static final long LONGEST_MICROS = 60_000_000;

    private final Histogram micros = new Histogram(LONGEST_MICROS, 3);
    private final Map<String, Long> errors = new TreeMap<>();
    private long calls;

    synchronized void add(long tookNanos, String error) {
        calls++;
        micros.recordValue(Math.min(tookNanos / 1_000, LONGEST_MICROS));
        if (!error.isEmpty()) {
            errors.merge(error, 1L, Long::sum);
        }
    }

    synchronized long calls() {
        return calls;
    }

    synchronized Map<String, Long> errors() {
        return new TreeMap<>(errors);
    }

    synchronized double millis(double percentile) {
        return micros.getValueAtPercentile(percentile) / 1_000.0;
    }
}
