package io.rialto.sync;

import io.rialto.protocol.audience.AppVersion;

/**
 * A range of versions of an app, both ends included. A version is four numbers of 0 to 32767, most significant first,
 * 16 bits each.
 */
public record Versions(long min, long max) {
    private static final long PART = 0xffff;

    public static final Versions ALL = new Versions(0, Long.MAX_VALUE);

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
        return AppVersion.parse(text);
    }

    /** The text of a version's number. */
    static String text(long version) {
        return (version >>> 48) + "." + (version >>> 32 & PART) + "." + (version >>> 16 & PART) + "."
                + (version & PART);
    }
}
