package io.rialto.benchmark;

import java.util.List;

/** Small statistics over the rounds of one run; {@code NaN} stands for a round without a figure. */
final class Figures {
    private Figures() {}

    /** {@code NaN} when no round has a figure. */
    static double median(List<Double> values) {
        double[] sorted = known(values);
        if (sorted.length == 0) {
            return Double.NaN;
        }
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** The value at a share of sorted values, by nearest rank. */
    static long percentile(long[] sorted, double share) {
        if (sorted.length == 0) {
            throw new IllegalArgumentException("no values (expected: at least one)");
        }
        return sorted[Math.clamp((long) Math.ceil(sorted.length * share) - 1, 0, sorted.length - 1)];
    }

    /** Lowest to highest, as a reader needs it beside a median. */
    static String range(List<Double> values) {
        double[] sorted = known(values);
        return sorted.length == 0 ? "-" : "%.1f-%.1f".formatted(sorted[0], sorted[sorted.length - 1]);
    }

    private static double[] known(List<Double> values) {
        return values.stream()
                .mapToDouble(Double::doubleValue)
                .filter(value -> !Double.isNaN(value))
                .sorted()
                .toArray();
    }
}
