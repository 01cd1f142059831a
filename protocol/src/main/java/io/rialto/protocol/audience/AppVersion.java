package io.rialto.protocol.audience;

/** Versions of an app: up to four numbers of 0 to {@value #MAX_PART} with dots, such as {@code 1.0.0.6}. */
public final class AppVersion {
    private static final int PARTS = 4;
    private static final int MAX_PART = 32_767;

    private AppVersion() {}

    /**
     * A number that orders as versions do: 16 bits for each part, most significant first; missing parts are 0.
     *
     * @throws IllegalArgumentException where the text is no version
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
        String shown = text.length() <= 64 ? text : text.length() + " characters";
        return new IllegalArgumentException(
                "version: " + shown + " (expected: up to four numbers of 0.." + MAX_PART + " with dots)");
    }
}
