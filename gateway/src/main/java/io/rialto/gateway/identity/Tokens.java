package io.rialto.gateway.identity;

import io.rialto.gateway.config.Keys;
import io.rialto.protocol.FieldReader;
import io.rialto.protocol.FieldWriter;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.SessionKeys;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Mints and opens the platform's own tokens, which carry all that they stand for, so that no edge needs a database:
 *
 * <pre>
 *   b64( version 1 (1) || kind (1) || key id (1) || nonce (12) || AES-256-GCM(key, nonce, aad = the 3 bytes, fields) )
 * </pre>
 *
 * They are opaque to phones. Each has exactly one text: another spelling of the same bytes is refused, so that a text may
 * be the key of a replay memory. Safe for all threads.
 */
public final class Tokens {
    private static final int VERSION = 1;
    private static final int HEAD = 3;
    private static final int NONCE = 12;
    private static final int TAG_BITS = 128;

    /** What the largest, a ticket, needs with ids of the greatest length. */
    private static final int MAX_TEXT = 2048;

    private static final int MAX_ID = 256;
    private static final int POINT = 65;
    private static final int KEYS = 96;

    private enum Kind {
        CREDENTIAL(1, Reason.WRONG_CREDENTIAL, Reason.EXPIRED_CREDENTIAL),
        SESSION(2, Reason.WRONG_SESSION, Reason.EXPIRED_SESSION),
        TICKET(3, Reason.WRONG_TICKET, Reason.EXPIRED_TICKET);

        private final int wire;
        private final Reason wrong;
        private final Reason expired;

        Kind(int wire, Reason wrong, Reason expired) {
            this.wire = wire;
            this.wrong = wrong;
            this.expired = expired;
        }
    }

    /** That a device with this key is enrolled for an app. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    public record Credential(String app, String device, byte[] point, long expiresSeconds) {}

    /** That a device acts for a user. */
    public record UserSession(String app, String device, String user, long expiresSeconds) {}

    /** A sealed session; the user is empty where it has none. */
    public record Ticket(String app, String device, String user, long endsSeconds, SessionKeys keys) {}

    private final Map<Kind, List<Keys.Token>> keys = new EnumMap<>(Kind.class);
    private final SecureRandom random;

    public Tokens(Keys keys, SecureRandom random) {
        this.keys.put(Kind.CREDENTIAL, keys.credential());
        this.keys.put(Kind.SESSION, keys.session());
        this.keys.put(Kind.TICKET, keys.ticket());
        this.random = random;
    }

    public String mint(Credential token, Instant now) {
        return seal(
                Kind.CREDENTIAL,
                fields(token.app, token.device, "", token.expiresSeconds).put(5, token.point),
                now);
    }

    public String mint(UserSession token, Instant now) {
        return seal(Kind.SESSION, fields(token.app, token.device, token.user, token.expiresSeconds), now);
    }

    public String mint(Ticket token, Instant now) {
        return seal(
                Kind.TICKET,
                fields(token.app, token.device, token.user, token.endsSeconds).put(5, token.keys.encoded()),
                now);
    }

    public Credential credential(CharSequence text, Instant now) throws ProtocolException {
        Opened opened = open(Kind.CREDENTIAL, text, POINT, now);
        return new Credential(opened.app, opened.device, opened.secret, opened.expires);
    }

    public UserSession userSession(CharSequence text, Instant now) throws ProtocolException {
        Opened opened = open(Kind.SESSION, text, 0, now);
        return new UserSession(opened.app, opened.device, opened.user, opened.expires);
    }

    public Ticket ticket(CharSequence text, Instant now) throws ProtocolException {
        Opened opened = open(Kind.TICKET, text, KEYS, now);
        return new Ticket(opened.app, opened.device, opened.user, opened.expires, SessionKeys.of(opened.secret));
    }

    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    private record Opened(String app, String device, String user, long expires, byte[] secret) {}

    private static FieldWriter fields(String app, String device, String user, long expires) {
        return new FieldWriter()
                .putText(1, app)
                .putText(2, device)
                .putText(3, user)
                .putLong(4, expires);
    }

    private String seal(Kind kind, FieldWriter fields, Instant now) {
        Keys.Token key = minting(kind, now);
        byte[] head = {VERSION, (byte) kind.wire, (byte) key.id()};
        byte[] nonce = new byte[NONCE];
        random.nextBytes(nonce);
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce, head);
            byte[] sealed = cipher.doFinal(fields.toBytes());
            byte[] token = Arrays.copyOf(head, HEAD + NONCE + sealed.length);
            System.arraycopy(nonce, 0, token, HEAD, NONCE);
            System.arraycopy(sealed, 0, token, HEAD + NONCE, sealed.length);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM of " + kind, e);
        }
    }

    /** The key that began last, so that a new one is used as soon as its time has come. */
    private Keys.Token minting(Kind kind, Instant now) {
        Keys.Token newest = null;
        for (Keys.Token key : keysOf(kind)) {
            if (key.term().covers(now)
                    && (newest == null
                            || key.term().from().isAfter(newest.term().from()))) {
                newest = key;
            }
        }
        if (newest == null) {
            throw new IllegalStateException("keys." + kind + ": none is valid at " + now + " (expected: one)");
        }
        return newest;
    }

    private List<Keys.Token> keysOf(Kind kind) {
        return keys.getOrDefault(kind, List.of());
    }

    private Opened open(Kind kind, CharSequence text, int secretBytes, Instant now) throws ProtocolException {
        byte[] token = decode(kind, text);
        Keys.Token key = key(kind, token[2] & 0xff);
        if (!key.term().covers(now)) {
            throw new ProtocolException(kind.expired, "the key of this token has ended (expected: a new token)");
        }
        Opened opened;
        try {
            Cipher cipher = cipher(
                    Cipher.DECRYPT_MODE,
                    key,
                    Arrays.copyOfRange(token, HEAD, HEAD + NONCE),
                    Arrays.copyOf(token, HEAD));
            opened = read(cipher.doFinal(token, HEAD + NONCE, token.length - HEAD - NONCE), secretBytes);
        } catch (GeneralSecurityException | ProtocolException e) {
            throw wrong(kind, "not one that this platform minted");
        }
        if (now.getEpochSecond() >= opened.expires) {
            throw new ProtocolException(
                    kind.expired, "expired at " + opened.expires + " (now: " + now.getEpochSecond() + ")");
        }
        return opened;
    }

    private static byte[] decode(Kind kind, CharSequence text) throws ProtocolException {
        if (text.isEmpty() || text.length() > MAX_TEXT) {
            throw wrong(kind, text.length() + " characters (expected: 1 to " + MAX_TEXT + ")");
        }
        String string = text.toString();
        byte[] token;
        try {
            token = Base64.getUrlDecoder().decode(string);
        } catch (IllegalArgumentException e) {
            throw wrong(kind, "not base64url");
        }
        if (token.length <= HEAD + NONCE + TAG_BITS / 8 || token[0] != VERSION || token[1] != kind.wire) {
            throw wrong(kind, token.length + " bytes of another kind or version");
        }
        if (!Base64.getUrlEncoder().withoutPadding().encodeToString(token).equals(string)) {
            throw wrong(kind, "spelled in another way than it was minted");
        }
        return token;
    }

    private Keys.Token key(Kind kind, int id) throws ProtocolException {
        for (Keys.Token key : keysOf(kind)) {
            if (key.id() == id) {
                return key;
            }
        }
        throw new ProtocolException(kind.expired, "key id: " + id + " (expected: a key still in use)");
    }

    private static Opened read(byte[] bytes, int secretBytes) throws ProtocolException {
        String app = null;
        String device = null;
        String user = null;
        long expires = -1;
        byte[] secret = new byte[0];
        FieldReader fields = new FieldReader(bytes);
        while (fields.next()) {
            switch (fields.type()) {
                case 1 -> app = fields.text(MAX_ID);
                case 2 -> device = fields.text(MAX_ID);
                case 3 -> user = fields.text(MAX_ID);
                case 4 -> expires = fields.int64();
                case 5 -> secret = fields.bytes(secretBytes, secretBytes);
                default -> throw fields.unknown();
            }
        }
        return new Opened(
                present(fields, app),
                present(fields, device),
                present(fields, user),
                expires,
                sized(fields, secret, secretBytes));
    }

    private static String present(FieldReader fields, @Nullable String text) throws ProtocolException {
        if (text == null) {
            throw fields.missing("one of 1 to 3");
        }
        return text;
    }

    private static byte[] sized(FieldReader fields, byte[] secret, int size) throws ProtocolException {
        if (secret.length != size) {
            throw fields.missing("key");
        }
        return secret;
    }

    private static Cipher cipher(int mode, Keys.Token key, byte[] nonce, byte[] head) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key.key(), "AES"), new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(head);
        return cipher;
    }

    private static ProtocolException wrong(Kind kind, String found) {
        return new ProtocolException(kind.wrong, "token: " + found);
    }
}
