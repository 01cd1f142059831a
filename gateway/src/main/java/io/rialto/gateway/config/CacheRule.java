package io.rialto.gateway.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How long answers of an operation are kept, and what makes two calls equal.
 *
 * @param ttlMillis 0 where answers are not kept, and only concurrent equal calls are joined
 * @param key what the key is made of; the operation and the codec always are part of it
 * @param shared whether one user may get what was answered to another
 */
public record CacheRule(int ttlMillis, List<KeyPart> key, boolean shared) {
    static final int MAX_PARTS = 16;

    public CacheRule {
        key = List.copyOf(key);
    }

    /**
     * A part of a key.
     *
     * @param name the header's, where the kind is {@link Kind#HEADER}; empty otherwise
     */
    public record KeyPart(Kind kind, String name) {
        private static final String HEADER = "header.";

        /** What of a call a part is. */
        public enum Kind {
            USER,
            APP,
            DEVICE,
            PATH,
            QUERY,
            BODY,
            LOCALE,
            HEADER
        }

        /**
         * Reads {@code user}, {@code app}, {@code device}, {@code path}, {@code query}, {@code body}, {@code locale} or
         * {@code header.<name>}.
         *
         * @throws IllegalArgumentException for anything else
         */
        public static KeyPart parse(String text) {
            if (text.startsWith(HEADER)) {
                String name = text.substring(HEADER.length());
                if (name.matches("[a-z0-9-]{1,64}")) {
                    return new KeyPart(Kind.HEADER, name);
                }
            } else {
                for (Kind kind : Kind.values()) {
                    if (kind != Kind.HEADER
                            && kind.name().toLowerCase(Locale.ROOT).equals(text)) {
                        return new KeyPart(kind, "");
                    }
                }
            }
            throw new IllegalArgumentException("cache key: " + text
                    + " (expected: user, app, device, path, query, body, locale or header.<lower-case name>)");
        }
    }

    boolean has(KeyPart.Kind kind) {
        return key.stream().anyMatch(part -> part.kind() == kind);
    }

    static CacheRule read(Fields fields, OperationConfig.Auth auth) {
        List<KeyPart> parts = new ArrayList<>();
        List<String> texts = fields.has("key") ? fields.texts("key") : List.of("user", "app", "query", "body");
        if (texts.size() > MAX_PARTS) {
            fields.wrong("key", texts.size() + " parts", "at most " + MAX_PARTS);
        }
        for (String text : texts) {
            KeyPart part = fields.parsed("key", text, KeyPart::parse);
            if (part != null) {
                parts.add(part);
            }
        }
        CacheRule rule =
                new CacheRule(fields.integer("ttl-ms", 1_000, 0, 86_400_000), parts, fields.flag("shared", false));
        boolean personal = auth == OperationConfig.Auth.USER && !rule.has(KeyPart.Kind.USER)
                || auth == OperationConfig.Auth.DEVICE
                        && !rule.has(KeyPart.Kind.DEVICE)
                        && !rule.has(KeyPart.Kind.USER);
        if (personal && !rule.shared) {
            fields.wrong(
                    "key",
                    texts,
                    "user (or device) among them, or \"shared\": true where answers are the same for all");
        }
        fields.end();
        return rule;
    }
}
