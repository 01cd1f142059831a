package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.protocol.ServerKeyPair;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.NamedParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes and turns the platform's keys, section {@code keys}. A new key is known everywhere before it begins, and an old
 * one ends only when what was made with it has ended, so no call fails because of a rotation.
 */
final class KeyRotation {
    private static final int TOKEN_KEY_BYTES = 32;
    /** Ids of token keys are one byte on the wire. */
    private static final int TOKEN_KEY_IDS = 256;

    private static final List<Integer> SUITES = List.of(1, 2);

    private final SecureRandom random;

    KeyRotation(SecureRandom random) {
        this.random = random;
    }

    /** The lists of the section, each with the least overlap that serves the defaults of {@code gateway.bounds}. */
    enum Kind {
        /** Opens handshakes. Phones pin it, and learn the next one by a handshake: long enough for most to come by. */
        SERVER(Duration.ofDays(90)),
        /** Longer than a credential lives, 365 days. */
        CREDENTIAL(Duration.ofDays(366)),
        /** Longer than a user's session lives, 30 days. */
        SESSION(Duration.ofDays(31)),
        /** Longer than a sealed session lives, a day. */
        TICKET(Duration.ofHours(25)),
        /** Calls between servers live for seconds. */
        CALLER(Duration.ofMinutes(10)),
        /** Those who verify what edges say about cells have been told the key by hand. */
        DIRECTORY(Duration.ofDays(90));

        private final Duration overlap;

        Kind(Duration overlap) {
            this.overlap = overlap;
        }

        Duration overlap() {
            return overlap;
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A section with one key of each kind (and suite), without an end. */
    ObjectNode first(Instant now) {
        return rotated(Json.mapper().createObjectNode(), Set.of(Kind.values()), now, now, Map.of());
    }

    /**
     * The section with a new key in each list of the kinds.
     *
     * @param from when the new keys begin; after all nodes have the section
     * @param overlaps how long the old ones go on after that, where not the kind's own
     */
    ObjectNode rotated(ObjectNode section, Set<Kind> kinds, Instant now, Instant from, Map<Kind, Duration> overlaps) {
        ObjectNode next = section.deepCopy();
        // Whole seconds, in which edges open tokens: of a key that begins within a second some would not know yet.
        Instant begins = from.truncatedTo(ChronoUnit.SECONDS);
        for (Kind kind : kinds) {
            ArrayNode kept = Json.mapper().createArrayNode();
            Instant end = begins.plus(overlaps.getOrDefault(kind, kind.overlap()));
            for (JsonNode old : section.path(kind.key())) {
                Instant until = until(old);
                if (until == null || until.isAfter(now)) {
                    ObjectNode copy = old.deepCopy().asObject();
                    copy.put("until", (until == null || until.isAfter(end) ? end : until).toString());
                    kept.add(copy);
                }
            }
            newKeys(kind, section.path(kind.key())).forEach(key -> kept.add(key.put("from", begins.toString())));
            next.set(kind.key(), kept);
        }
        return next;
    }

    private static @Nullable Instant until(JsonNode key) {
        JsonNode until = key.path("until");
        try {
            return until.isString() ? Instant.parse(until.stringValue()) : null;
        } catch (DateTimeParseException e) {
            throw new CommandFailure("keys: until " + until + " (expected: an instant such as 2030-01-01T00:00:00Z)");
        }
    }

    private List<ObjectNode> newKeys(Kind kind, JsonNode old) {
        return switch (kind) {
            case SERVER -> SUITES.stream().map(this::serverKey).toList();
            case CREDENTIAL, SESSION, TICKET -> List.of(key().put("id", freeTokenId(old)));
            case CALLER -> List.of(key().put("id", freeCallerId(old)));
            case DIRECTORY -> List.of(signingKey().put("id", freeCallerId(old)));
        };
    }

    private ObjectNode serverKey(int suite) {
        ServerKeyPair pair = ServerKeyPair.generate(suite, random);
        return Json.mapper()
                .createObjectNode()
                .put("suite", suite)
                .put("private", base64(pair.privateKey()))
                .put("public", base64(pair.key().publicKey()));
    }

    private ObjectNode signingKey() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
            generator.initialize(NamedParameterSpec.ED25519, random);
            KeyPair pair = generator.generateKeyPair();
            return Json.mapper()
                    .createObjectNode()
                    .put("private", base64(lastBytes(pair.getPrivate())))
                    .put("public", base64(lastBytes(pair.getPublic())));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Ed25519 is not to be had", e);
        }
    }

    /** Both encodings of an Ed25519 key end with its own 32 bytes (RFC 8410). */
    private static byte[] lastBytes(Key key) {
        byte[] encoded = key.getEncoded();
        return Arrays.copyOfRange(encoded, encoded.length - TOKEN_KEY_BYTES, encoded.length);
    }

    private ObjectNode key() {
        byte[] key = new byte[TOKEN_KEY_BYTES];
        random.nextBytes(key);
        return Json.mapper().createObjectNode().put("key", base64(key));
    }

    /** The id after the newest: one that ended long ago may be used again. */
    private static int freeTokenId(JsonNode old) {
        List<Integer> used = new ArrayList<>();
        old.forEach(key -> used.add(key.path("id").asInt(0)));
        int id = used.isEmpty() ? 1 : (used.getLast() + 1) % TOKEN_KEY_IDS;
        while (used.contains(id)) {
            id = (id + 1) % TOKEN_KEY_IDS;
        }
        return id;
    }

    private static String freeCallerId(JsonNode old) {
        Set<String> used =
                old.valueStream().map(key -> key.path("id").asString("")).collect(Collectors.toSet());
        int number = 1;
        while (used.contains("k" + number)) {
            number++;
        }
        return "k" + number;
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
