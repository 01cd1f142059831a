package io.rialto.node;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;

/** Turns one text into the value of a type, or says what was expected. */
final class SettingParser {
    private SettingParser() {}

    /** What is wrong with a text is only that it is not what was expected. */
    static final class Unexpected extends Exception {
        private static final long serialVersionUID = 1;

        Unexpected(String expected) {
            super(expected);
        }
    }

    static boolean knows(Class<?> type) {
        return type == String.class
                || type == int.class
                || type == long.class
                || type == Integer.class
                || type == Long.class
                || type == boolean.class
                || type == Duration.class
                || type == Size.class
                || type == Path.class
                || type == URI.class
                || type.isEnum();
    }

    static Object parse(Class<?> type, String text, long min, long max) throws Unexpected {
        if (type == String.class) {
            return text;
        } else if (type == int.class || type == Integer.class) {
            long low = Math.max(min, Integer.MIN_VALUE);
            long high = Math.min(max, Integer.MAX_VALUE);
            return (int) number(text, low, high);
        } else if (type == long.class || type == Long.class) {
            return number(text, min, max);
        } else if (type == boolean.class) {
            return truth(text);
        } else if (type == Duration.class) {
            return duration(text);
        } else if (type == Size.class) {
            return size(text);
        } else if (type == Path.class) {
            return path(text);
        } else if (type == URI.class) {
            return uri(text);
        }
        return constant(type, text);
    }

    /** How a type is named in the reference. */
    static String describe(Class<?> type, long min, long max) {
        if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
            return min == Long.MIN_VALUE && max == Long.MAX_VALUE ? "integer" : range(min, max);
        }
        if (type.isEnum()) {
            return constants(type);
        }
        return type == String.class ? "text" : type.getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static long number(String text, long min, long max) throws Unexpected {
        try {
            long number = Long.parseLong(text);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // told below, together with numbers out of range
        }
        throw new Unexpected("an integer, " + range(min, max));
    }

    private static String range(long min, long max) {
        if (min == Long.MIN_VALUE) {
            return "at most " + max;
        }
        return max == Long.MAX_VALUE ? min + " or more" : min + ".." + max;
    }

    private static boolean truth(String text) throws Unexpected {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new Unexpected("true or false");
        };
    }

    private static Duration duration(String text) throws Unexpected {
        int digits = 0;
        while (digits < text.length() && Character.isDigit(text.charAt(digits))) {
            digits++;
        }
        LongUnaryOperator millis = switch (text.substring(digits)) {
            case "ms" -> n -> n;
            case "s" -> n -> Math.multiplyExact(n, 1000L);
            case "m" -> n -> Math.multiplyExact(n, 60_000L);
            case "h" -> n -> Math.multiplyExact(n, 3_600_000L);
            case "d" -> n -> Math.multiplyExact(n, 86_400_000L);
            default -> throw new Unexpected("a duration such as 250ms, 20s, 5m, 1h or 2d");
        };
        try {
            return Duration.ofMillis(millis.applyAsLong(Long.parseLong(text.substring(0, digits))));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new Unexpected("a duration such as 250ms, 20s, 5m, 1h or 2d");
        }
    }

    private static Size size(String text) throws Unexpected {
        try {
            return Size.of(text);
        } catch (IllegalArgumentException e) {
            throw new Unexpected("a size such as 512, 64k, 10m or 2g");
        }
    }

    private static Path path(String text) throws Unexpected {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new Unexpected("a path");
        }
    }

    private static URI uri(String text) throws Unexpected {
        try {
            URI uri = new URI(text);
            if (uri.isAbsolute()) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // told below, together with relative ones
        }
        throw new Unexpected("an absolute URI");
    }

    private static Object constant(Class<?> type, String text) throws Unexpected {
        for (Object constant : type.getEnumConstants()) {
            if (name(constant).equals(text)) {
                return constant;
            }
        }
        throw new Unexpected(constants(type));
    }

    private static String constants(Class<?> type) {
        return Arrays.stream(type.getEnumConstants()).map(SettingParser::name).collect(Collectors.joining(", "));
    }

    private static String name(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
