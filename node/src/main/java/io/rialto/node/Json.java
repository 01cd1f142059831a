package io.rialto.node;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSON as servers read it: strict, without duplicate keys, of bounded depth, nothing after the document. */
public final class Json {
    /** No section nests deeper than a dozen levels. */
    static final int MAX_DEPTH = 64;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /** The mapper, for building nodes and for writing; compact, keys in the order they were put. */
    public static JsonMapper mapper() {
        return MAPPER;
    }

    /**
     * Reads one document.
     *
     * @throws JsonException where the text is no JSON document
     */
    public static JsonNode read(String text) throws JsonException {
        try {
            return present(MAPPER.readTree(text));
        } catch (JacksonException e) {
            throw new JsonException("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Reads one document in UTF-8.
     *
     * @throws JsonException where the bytes are no JSON document
     */
    public static JsonNode read(byte[] bytes) throws JsonException {
        try {
            return present(MAPPER.readTree(bytes));
        } catch (JacksonException e) {
            throw new JsonException("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static JsonNode present(JsonNode node) throws JsonException {
        if (node.isMissingNode()) {
            throw new JsonException("not JSON: no content", null);
        }
        return node;
    }

    /** Writes a node in one line. */
    public static String write(JsonNode node) {
        return MAPPER.writeValueAsString(node);
    }
}
