package io.rialto.protocol.audience;

import io.rialto.protocol.Buckets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the tree of one rule. */
final class RuleReader {
    /** Deeper than anyone writes by hand; the reader and the rule itself recurse. */
    static final int MAX_DEPTH = 8;

    /** All conditions of a rule together: some microseconds to ask. */
    static final int MAX_CONDITIONS = 256;

    /** All texts of a rule together; longer lists of ids stay on servers. */
    static final int MAX_TEXTS = 2_000;

    static final int MAX_TEXT = 128;

    /** Buckets of a share: a thousandth of a percent each. */
    static final int BUCKETS = 100_000;

    private static final Pattern ATTRIBUTE = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    private final Set<String> attributes = new TreeSet<>();
    private int conditions;
    private int texts;

    Condition read(Object tree) {
        return condition(tree, "rule", 1);
    }

    /** The names that were read. */
    Set<String> attributes() {
        return Collections.unmodifiableSet(attributes);
    }

    private Condition condition(@Nullable Object tree, String path, int depth) {
        Map<?, ?> object = object(tree, path);
        if (depth > MAX_DEPTH) {
            throw wrong(path, "depth " + depth, "at most " + MAX_DEPTH);
        }
        if (++conditions > MAX_CONDITIONS) {
            throw wrong(path, conditions + " conditions", "at most " + MAX_CONDITIONS);
        }
        if (object.containsKey("attribute")) {
            return attribute(object, path);
        }
        if (object.size() != 1) {
            throw wrong(path, "keys " + shown(object.keySet()), "attribute, or one of all, any, not, time, share");
        }
        Map.Entry<?, ?> only = object.entrySet().iterator().next();
        String key = String.valueOf(only.getKey());
        String at = path + "." + shown(key);
        switch (key) {
            case "all":
                return all(conditions(only.getValue(), at, depth));
            case "any":
                return any(conditions(only.getValue(), at, depth));
            case "not":
                Condition negated = condition(only.getValue(), at, depth + 1);
                return (attributes, now) -> negated.test(attributes, now).negated();
            case "time":
                return time(object(only.getValue(), at), at);
            case "share":
                return share(object(only.getValue(), at), at);
            default:
                throw wrong(path, "key " + shown(key), "attribute, all, any, not, time or share");
        }
    }

    private Condition[] conditions(@Nullable Object tree, String path, int depth) {
        List<?> items = list(tree, path);
        List<Condition> read = new ArrayList<>();
        for (Object item : items) {
            read.add(condition(item, path + "[" + read.size() + "]", depth + 1));
        }
        return read.toArray(new Condition[0]);
    }

    private static Condition all(Condition[] parts) {
        return (attributes, now) -> {
            Verdict all = Verdict.YES;
            for (Condition part : parts) {
                Verdict verdict = part.test(attributes, now);
                if (verdict == Verdict.NO) {
                    return Verdict.NO;
                }
                all = verdict == Verdict.UNKNOWN ? Verdict.UNKNOWN : all;
            }
            return all;
        };
    }

    private static Condition any(Condition[] parts) {
        return (attributes, now) -> {
            Verdict any = Verdict.NO;
            for (Condition part : parts) {
                Verdict verdict = part.test(attributes, now);
                if (verdict == Verdict.YES) {
                    return Verdict.YES;
                }
                any = verdict == Verdict.UNKNOWN ? Verdict.UNKNOWN : any;
            }
            return any;
        };
    }

    private Condition attribute(Map<?, ?> object, String path) {
        String name = name(object.get("attribute"), path + ".attribute");
        if (object.size() != 2) {
            throw wrong(path, "keys " + shown(object.keySet()), "attribute and one operator");
        }
        for (Map.Entry<?, ?> entry : object.entrySet()) {
            String operator = String.valueOf(entry.getKey());
            if (!operator.equals("attribute")) {
                return operator(name, operator, entry.getValue(), path + "." + shown(operator));
            }
        }
        throw wrong(path, "no operator", "is, in, not-in, prefix, version or exists");
    }

    private Condition operator(String name, String operator, @Nullable Object value, String path) {
        switch (operator) {
            case "is":
                String wanted = text(value, path);
                return known(name, (given, now) -> Verdict.of(given.equals(wanted)));
            case "in":
                Set<String> in = set(value, path);
                return known(name, (given, now) -> Verdict.of(in.contains(given)));
            case "not-in":
                Set<String> out = set(value, path);
                return known(name, (given, now) -> Verdict.of(!out.contains(given)));
            case "prefix":
                String prefix = text(value, path);
                return known(name, (given, now) -> Verdict.of(given.startsWith(prefix)));
            case "version":
                return version(name, object(value, path), path);
            case "exists":
                if (!(value instanceof Boolean)) {
                    throw wrong(path, shown(value), "true or false");
                }
                boolean exists = (Boolean) value;
                return (attributes, now) -> Verdict.of((attributes.get(name) != null) == exists);
            default:
                throw wrong(path, "operator " + shown(operator), "is, in, not-in, prefix, version or exists");
        }
    }

    private interface Test {
        Verdict of(String value, long nowMillis);
    }

    /** Nothing is known of an attribute that is missing, be it asked for or asked against. */
    private static Condition known(String name, Test test) {
        return (attributes, now) -> {
            String value = attributes.get(name);
            return value == null ? Verdict.UNKNOWN : test.of(value, now);
        };
    }

    private Condition version(String name, Map<?, ?> range, String path) {
        keys(range, path, "from", "to");
        long from = version(range.get("from"), path + ".from", 0);
        long to = version(range.get("to"), path + ".to", Long.MAX_VALUE);
        if (from > to) {
            throw wrong(path, "from above to", "from at most to");
        }
        return known(name, (given, now) -> {
            try {
                long version = AppVersion.parse(given);
                return Verdict.of(version >= from && version <= to);
            } catch (IllegalArgumentException e) {
                return Verdict.UNKNOWN;
            }
        });
    }

    private long version(@Nullable Object value, String path, long standard) {
        if (value == null) {
            return standard;
        }
        try {
            return AppVersion.parse(text(value, path));
        } catch (IllegalArgumentException e) {
            throw wrong(path, shown(value), "a version such as 1.0.0.6");
        }
    }

    private Condition time(Map<?, ?> range, String path) {
        keys(range, path, "from", "until");
        long from = instant(range.get("from"), path + ".from", Long.MIN_VALUE);
        long until = instant(range.get("until"), path + ".until", Long.MAX_VALUE);
        return (attributes, now) -> Verdict.of(now >= from && now < until);
    }

    private long instant(@Nullable Object value, String path, long standard) {
        if (value == null) {
            return standard;
        }
        try {
            return Instant.parse(text(value, path)).toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw wrong(path, shown(value), "an instant such as 2030-01-01T00:00:00Z");
        }
    }

    private Condition share(Map<?, ?> share, String path) {
        keys(share, path, "by", "salt", "below");
        String name = name(share.get("by"), path + ".by");
        String salt = text(share.get("salt"), path + ".salt") + ":";
        Object below = share.get("below");
        if (!(below instanceof Integer || below instanceof Long)
                || ((Number) below).longValue() < 0
                || ((Number) below).longValue() > BUCKETS) {
            throw wrong(path + ".below", shown(below), "an integer 0.." + BUCKETS);
        }
        int limit = ((Number) below).intValue();
        if (limit == BUCKETS) {
            // Everyone is everyone, with or without a name.
            return (attributes, now) -> Verdict.YES;
        }
        return known(name, (given, now) -> Verdict.of(Buckets.of(salt + given, BUCKETS) < limit));
    }

    private Set<String> set(@Nullable Object value, String path) {
        Set<String> set = new HashSet<>();
        int i = 0;
        for (Object item : list(value, path)) {
            set.add(text(item, path + "[" + i++ + "]"));
        }
        return set;
    }

    private static void keys(Map<?, ?> object, String path, String... known) {
        Set<String> allowed = Set.of(known);
        for (Object key : object.keySet()) {
            if (!allowed.contains(String.valueOf(key))) {
                throw wrong(path, "key " + shown(key), "of " + String.join(", ", known));
            }
        }
        if (object.isEmpty()) {
            throw wrong(path, "no key", "of " + String.join(", ", known));
        }
    }

    private static Map<?, ?> object(@Nullable Object tree, String path) {
        if (tree instanceof Map) {
            return (Map<?, ?>) tree;
        }
        throw wrong(path, shown(tree), "an object");
    }

    private static List<?> list(@Nullable Object tree, String path) {
        if (tree instanceof List && !((List<?>) tree).isEmpty()) {
            return (List<?>) tree;
        }
        throw wrong(path, shown(tree), "a list that is not empty");
    }

    private String text(@Nullable Object value, String path) {
        if (++texts > MAX_TEXTS) {
            throw wrong(path, texts + " texts", "at most " + MAX_TEXTS);
        }
        if (value instanceof String && !((String) value).isEmpty() && ((String) value).length() <= MAX_TEXT) {
            return (String) value;
        }
        throw wrong(path, shown(value), "a text of 1.." + MAX_TEXT + " characters");
    }

    private String name(@Nullable Object value, String path) {
        String name = text(value, path);
        if (!ATTRIBUTE.matcher(name).matches()) {
            throw wrong(path, name, ATTRIBUTE.pattern());
        }
        attributes.add(name);
        return name;
    }

    private static String shown(@Nullable Object value) {
        if (value == null) {
            return "absent";
        }
        if (value instanceof Map || value instanceof List) {
            return value instanceof Map ? "an object" : "a list of " + ((List<?>) value).size();
        }
        String text = value.toString();
        return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "...";
    }

    private static IllegalArgumentException wrong(String path, String value, String expected) {
        return new IllegalArgumentException(path + ": " + value + " (expected: " + expected + ")");
    }
}
