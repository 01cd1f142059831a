package io.rialto.node;

import java.util.Locale;

/** An amount of bytes, written as {@code 512}, {@code 64k}, {@code 10m} or {@code 2g}, in powers of 1024. */
public record Size(long bytes) implements Comparable<Size> {
    private static final String UNITS = "kmg";

    public Size {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes: " + bytes + " (expected: 0 or more)");
        }
    }

    /**
     * Reads a size.
     *
     * @throws IllegalArgumentException where the text is none or does not fit a {@code long}
     */
    public static Size of(String text) {
        String lower = text.strip().toLowerCase(Locale.ROOT);
        int unit = lower.isEmpty() ? -1 : UNITS.indexOf(lower.charAt(lower.length() - 1));
        String digits = unit < 0 ? lower : lower.substring(0, lower.length() - 1);
        try {
            return new Size(Math.multiplyExact(Long.parseLong(digits), 1L << 10 * (unit + 1)));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new IllegalArgumentException(
                    "size: " + text + " (expected: a number of bytes, or with k, m or g)", e);
        }
    }

    /** The bytes as an {@code int}, at most {@link Integer#MAX_VALUE}. */
    public int toInt() {
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }

    @Override
    public int compareTo(Size other) {
        return Long.compare(bytes, other.bytes);
    }

    @Override
    public String toString() {
        for (int unit = UNITS.length(); unit > 0 && bytes > 0; unit--) {
            if (bytes % (1L << 10 * unit) == 0) {
                return (bytes >> 10 * unit) + UNITS.substring(unit - 1, unit);
            }
        }
        return Long.toString(bytes);
    }
}
