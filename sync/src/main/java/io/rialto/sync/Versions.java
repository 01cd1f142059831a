package io.rialto.sync;

/**
 * A range of versions of an app, both ends included. A version is four numbers of 0 to 32767, most significant first,
 * 16 bits each.
 */
public record Versions(long min, long max) {
    public static final Versions ALL = new Versions(0, Long.MAX_VALUE);

    private static final int PARTS = 4;
    private static final int MAX_PART = 32_767;

    /** A device that does not say its version gets only what is for all versions. */
    public static final long UNKNOWN = -1;

    public boolean contain(long version) {
        return version == UNKNOWN ? equals(ALL) : version >= min && version <= max;
    }

    /**
     * The number of a version such as {@code 1.0.0.6} or {@code 2.1}; missing parts are 0.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static long parse(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length > PARTS) {
            throw unlike(text);
        }
        long version = 0;
        for (int i = 0; i < PARTS; i++) {
            version = version << 16 | (i < parts.length ? part(parts[i], text) : 0);
        }
        return version;
    }

    private static int part(String part, String text) {
        if (part.isEmpty() || part.length() > 5 || !part.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw unlike(text);
        }
        int number = Integer.parseInt(part);
        if (number > MAX_PART) {
            throw unlike(text);
        }
        return number;
    }

    private static IllegalArgumentException unlike(String text) {
        return new IllegalArgumentException(
                "version: " + text + " (expected: up to four numbers of 0.." + MAX_PART + " with dots)");
    }
}
