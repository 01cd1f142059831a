package io.rialto.starter;

import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The keys of caller tokens, from a file: a JSON list of {@code {"id", "key", "from", "until"}}, the key as base64, the
 * times ISO 8601. A token is checked with every key that has not ended and is minted with the newest that has begun, so
 * that a key put into the file before it begins is known everywhere when it does. A changed file is read within a
 * second; a broken one is logged and the old keys stay. Safe for use by many threads.
 */
final class CallerKeys {
    private static final System.Logger LOG = System.getLogger(CallerKeys.class.getName());

    /** How often the file is looked at, and the keys are chosen by the time. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** A rotation needs two or three; more is a mistake. */
    private static final int MAX_KEYS = 16;

    /** Shorter keys would be weaker than the HMAC. */
    private static final int MIN_KEY_BYTES = 32;

    private static final long MAX_FILE_BYTES = 64 << 10;

    private final Path file;
    private final Clock clock;
    private final JsonMapper json;
    private volatile Chosen chosen;

    CallerKeys(Path file, Clock clock, JsonMapper json) {
        this.file = file;
        this.clock = clock;
        this.json = json;
        try {
            FileTime modified = Files.getLastModifiedTime(file);
            chosen = choose(read(), modified);
        } catch (IOException e) {
            throw new UncheckedIOException("rialto.caller-keys-file: " + file + " (expected: a readable file)", e);
        }
    }

    private record Key(String id, SecretKey key, Instant from, Instant until) {}

    /**
     * @param tokens of the keys that have not ended; null where all have
     * @param minting whether one of them has begun
     */
    private record Chosen(
            List<Key> keys,
            FileTime modified,
            Instant at,
            @Nullable CallerTokens tokens,
            boolean minting) {}

    /** The caller that a token names, where the token is good for the operation now. */
    Caller verify(@Nullable String token, String operation) throws ProtocolException {
        if (token == null) {
            throw new ProtocolException(Reason.WRONG_TOKEN, "rialto-caller: none (expected: a token from a gateway)");
        }
        CallerTokens tokens = current().tokens();
        if (tokens == null) {
            throw new ProtocolException(Reason.WRONG_TOKEN, "caller keys: all have ended (expected: a valid one here)");
        }
        try {
            return tokens.verify(token, operation, clock.millis());
        } catch (ProtocolException e) {
            // Whatever is wrong with it, without a good token nobody is told more than that.
            throw new ProtocolException(Reason.WRONG_TOKEN, String.valueOf(e.getMessage()));
        }
    }

    String mint(Caller caller) {
        Chosen now = current();
        if (now.tokens() == null || !now.minting()) {
            throw new IllegalStateException(
                    "caller keys in " + file + ": none is valid now (expected: one that has begun and not ended)");
        }
        return now.tokens().mint(caller);
    }

    private Chosen current() {
        Chosen old = chosen;
        if (Duration.between(old.at(), clock.instant()).compareTo(LOOK) < 0) {
            return old;
        }
        // Two threads may look at once; both see the same file.
        Chosen now = look(old);
        chosen = now;
        return now;
    }

    private Chosen look(Chosen old) {
        FileTime modified = old.modified();
        try {
            modified = Files.getLastModifiedTime(file);
            return choose(modified.equals(old.modified()) ? old.keys() : read(), modified);
        } catch (IOException | IllegalArgumentException e) {
            LOG.log(Level.WARNING, "caller keys stay as they are: " + e.getMessage());
            return choose(old.keys(), modified);
        }
    }

    private Chosen choose(List<Key> keys, FileTime modified) {
        Instant now = clock.instant();
        Map<String, byte[]> checking = new HashMap<>();
        Key minting = null;
        for (Key key : keys) {
            if (!key.until().isAfter(now)) {
                continue;
            }
            checking.put(key.id(), key.key().getEncoded());
            if (!key.from().isAfter(now) && (minting == null || key.from().isAfter(minting.from()))) {
                minting = key;
            }
        }
        // The tokens want a key to mint with; where none has begun, mint() refuses before it would be used.
        CallerTokens tokens = checking.isEmpty()
                ? null
                : new CallerTokens(
                        checking,
                        minting != null
                                ? minting.id()
                                : checking.keySet().iterator().next());
        return new Chosen(keys, modified, now, tokens, minting != null);
    }

    private List<Key> read() throws IOException {
        long size = Files.size(file);
        if (size > MAX_FILE_BYTES) {
            throw new IllegalArgumentException(
                    file + ": " + size + " bytes (expected: at most " + MAX_FILE_BYTES + ")");
        }
        try {
            JsonNode list = json.readTree(Files.readAllBytes(file));
            if (!list.isArray() || list.isEmpty() || list.size() > MAX_KEYS) {
                throw new IllegalArgumentException(file + " (expected: a JSON list of 1 to " + MAX_KEYS + " keys)");
            }
            List<Key> keys = new ArrayList<>();
            for (JsonNode entry : list) {
                keys.add(key(entry));
            }
            return List.copyOf(keys);
        } catch (JacksonException e) {
            // Jackson's message may quote the text around the mistake, which may be a key.
            throw new IllegalArgumentException(file + ": not JSON (expected: a list of keys)");
        }
    }

    private Key key(JsonNode entry) {
        String id = text(entry, "id");
        try {
            // Configuration is written in base64url, and read in either alphabet.
            byte[] key = Base64.getUrlDecoder()
                    .decode(text(entry, "key")
                            .replace('+', '-')
                            .replace('/', '_')
                            .replace("=", ""));
            if (key.length < MIN_KEY_BYTES) {
                throw new IllegalArgumentException(
                        "key " + id + ": " + key.length + " bytes (expected: at least " + MIN_KEY_BYTES + ")");
            }
            return new Key(
                    id,
                    new SecretKeySpec(key, "HmacSHA256"),
                    Instant.parse(text(entry, "from")),
                    Instant.parse(text(entry, "until")));
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    "key " + id + ": " + e.getParsedString() + " (expected: a time such as 2030-01-01T00:00:00Z)", e);
        }
    }

    private String text(JsonNode entry, String name) {
        JsonNode value = entry.path(name);
        if (!value.isString()) {
            throw new IllegalArgumentException(file + ": a key without " + name + " (expected: id, key, from, until)");
        }
        return value.stringValue();
    }
}
