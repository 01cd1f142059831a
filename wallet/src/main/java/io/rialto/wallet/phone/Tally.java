package io.rialto.wallet.phone;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** Calls, errors by reason and latencies of one operation or cell, or of all: in total and since the last look. */
final class Tally {
    private static final long LONGEST_MICROS = 60_000_000;

    private final Histogram all = new Histogram(LONGEST_MICROS, 3);
    private final Histogram fresh = new Histogram(LONGEST_MICROS, 3);
    private final Map<String, Long> errors = new TreeMap<>();

    /** Calls and their latencies. */
    record Figures(long calls, double p50Millis, double p99Millis) {
        private static Figures of(Histogram micros) {
            return new Figures(
                    micros.getTotalCount(),
                    micros.getValueAtPercentile(50) / 1_000.0,
                    micros.getValueAtPercentile(99) / 1_000.0);
        }
    }

    /** @param error the reason; empty where the call succeeded */
    void add(long tookNanos, String error) {
        long micros = Math.min(tookNanos / 1_000, LONGEST_MICROS);
        all.recordValue(micros);
        fresh.recordValue(micros);
        if (!error.isEmpty()) {
            errors.merge(error, 1L, Long::sum);
        }
    }

    Figures total() {
        return Figures.of(all);
    }

    /** What has come since this was asked the last time. */
    Figures sinceLastLook() {
        Figures figures = Figures.of(fresh);
        fresh.reset();
        return figures;
    }

    Map<String, Long> errors() {
        return new TreeMap<>(errors);
    }

    /** As it goes into the summary. */
    Map<String, Object> summary() {
        Figures total = total();
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("calls", total.calls());
        summary.put("errors", errors());
        summary.put("p50-ms", total.p50Millis());
        summary.put("p99-ms", total.p99Millis());
        return summary;
    }
}
