package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.protocol.ServerKey;
import java.util.Base64;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What others get to know of the section {@code keys}: apps the public keys to pin, backends the keys of callers. */
final class PublishedKeys {
    private PublishedKeys() {}

    /** The keys that apps pin. */
    static List<ServerKey> pinned(JsonNode keys) {
        return keys.path("server")
                .valueStream()
                .map(key -> ServerKey.of(
                        key.path("suite").asInt(),
                        Base64.getUrlDecoder().decode(key.path("public").asString())))
                .toList();
    }

    /** The same as a JSON list. */
    static JsonNode forApps(JsonNode keys) {
        ArrayNode list = Json.mapper().createArrayNode();
        for (ServerKey key : pinned(keys)) {
            list.addObject()
                    .put("suite", key.suite())
                    .put("key", Base64.getUrlEncoder().withoutPadding().encodeToString(key.publicKey()));
        }
        return list;
    }

    /** The keys that sign what edges say about where cells are, for apps to pin; one that begins later among them. */
    static JsonNode ofDirectory(JsonNode keys) {
        ArrayNode list = Json.mapper().createArrayNode();
        for (JsonNode key : keys.path("directory")) {
            list.addObject()
                    .put("id", key.path("id").asString())
                    .put("key", key.path("public").asString());
        }
        return list;
    }

    /** A backend asks for both ends of a key's term; one that is not limited is written as very long. */
    static JsonNode forBackends(JsonNode keys) {
        ArrayNode list = Json.mapper().createArrayNode();
        for (JsonNode key : keys.path("caller")) {
            ObjectNode copy = key.deepCopy().asObject();
            copy.put("from", key.path("from").asString("2000-01-01T00:00:00Z"));
            copy.put("until", key.path("until").asString("9999-01-01T00:00:00Z"));
            list.add(copy);
        }
        return list;
    }
}
