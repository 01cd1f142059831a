package io.rialto.protocol;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads {@code protocol/vectors}, and what tests need to replay them. */
final class Vectors {
    private static final JsonMapper JSON = new JsonMapper();

    private Vectors() {}

    static JsonNode read(String name) {
        return JSON.readTree(Path.of("vectors", name + ".json").toFile());
    }

    static Stream<JsonNode> cases(String name, String list) {
        return read(name).get(list).valueStream();
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    static byte[] hex(JsonNode node, String field) {
        return hex(node.get(field).asString());
    }

    static String text(JsonNode node, String field) {
        return node.get(field).asString();
    }

    static @Nullable String textOrNull(JsonNode node, String field) {
        return node.has(field) ? node.get(field).asString() : null;
    }

    static Map<String, String> headers(JsonNode node) {
        Map<String, String> headers = new TreeMap<>();
        node.get("headers")
                .properties()
                .forEach(e -> headers.put(e.getKey(), e.getValue().asString()));
        return headers;
    }

    /** The very bytes that a vector was made with. */
    static SecureRandom random(byte[]... chunks) {
        byte[] all = Bytes.concat(chunks);
        return new SecureRandom() {
            private int at;

            @Override
            public void nextBytes(byte[] bytes) {
                System.arraycopy(all, at, bytes, 0, bytes.length);
                at += bytes.length;
            }
        };
    }

    /** A message by its parts; an answer where the status is not 0. */
    record Message(String method, String path, @Nullable String query, int status, Map<String, String> fields)
            implements SignedMessage {
        @Override
        public String scheme() {
            return "https";
        }

        @Override
        public String authority() {
            return fields.getOrDefault("host", "");
        }

        @Override
        public @Nullable String header(String name) {
            return fields.get(name);
        }
    }
}
