package io.rialto.gateway.limit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What edges of a cell say to each other about users' limits, each in one message for many users:
 *
 * <pre>
 *   ask    = 1 (1) || count (2) || count x ( length (2) || key || tokens (4) )
 *   answer = 1 (1) || count (2) || count x ( granted (4), -1 for a key unknown there || milliseconds until there is more (4) )
 * </pre>
 */
public final class LeaseMessages {
    /** Entries in one message. */
    static final int MAX_ENTRIES = 256;

    /** An operation's name and a user's id. */
    static final int MAX_KEY_BYTES = 512;

    /** The largest message of either kind. */
    public static final int MAX_BYTES = 3 + MAX_ENTRIES * (2 + MAX_KEY_BYTES + 4);

    private static final int VERSION = 1;
    private static final int HEAD = 3;

    /** A wish for tokens of a key. */
    public record Ask(String key, int tokens) {}

    /** What was given; {@code granted} is -1 where the key is unknown. */
    public record Grant(int granted, int retryMillis) {}

    private LeaseMessages() {}

    static byte[] asks(List<Ask> asks) {
        List<byte[]> keys = new ArrayList<>(asks.size());
        int size = HEAD;
        for (Ask ask : asks) {
            byte[] key = ask.key.getBytes(StandardCharsets.UTF_8);
            keys.add(key);
            size += 6 + key.length;
        }
        byte[] bytes = new byte[size];
        ByteBuffer message = head(bytes, asks.size());
        for (int i = 0; i < keys.size(); i++) {
            byte[] key = keys.get(i);
            message.putShort((short) key.length).put(key).putInt(asks.get(i).tokens);
        }
        return bytes;
    }

    static byte[] grants(List<Grant> grants) {
        byte[] bytes = new byte[HEAD + 8 * grants.size()];
        ByteBuffer message = head(bytes, grants.size());
        for (Grant grant : grants) {
            message.putInt(grant.granted).putInt(grant.retryMillis);
        }
        return bytes;
    }

    private static ByteBuffer head(byte[] bytes, int count) {
        return ByteBuffer.wrap(bytes).put((byte) VERSION).putShort((short) count);
    }

    /** The asks of a message, or null where it is malformed. */
    static @Nullable List<Ask> readAsks(byte[] bytes) {
        ByteBuffer message = ByteBuffer.wrap(bytes);
        int count = count(message);
        if (count < 0) {
            return null;
        }
        List<Ask> asks = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int length = message.remaining() < 2 ? -1 : message.getShort() & 0xffff;
            if (length < 0 || length > MAX_KEY_BYTES || message.remaining() < length + 4) {
                return null;
            }
            String key = new String(bytes, message.position(), length, StandardCharsets.UTF_8);
            message.position(message.position() + length);
            int tokens = message.getInt();
            if (tokens < 1) {
                return null;
            }
            asks.add(new Ask(key, tokens));
        }
        return message.hasRemaining() ? null : asks;
    }

    /** The grants of a message, or null where it is malformed. */
    static @Nullable List<Grant> readGrants(byte[] bytes) {
        ByteBuffer message = ByteBuffer.wrap(bytes);
        int count = count(message);
        if (count < 0 || message.remaining() != count * 8) {
            return null;
        }
        List<Grant> grants = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int granted = message.getInt();
            int retry = message.getInt();
            if (granted < -1 || retry < 0) {
                return null;
            }
            grants.add(new Grant(granted, retry));
        }
        return grants;
    }

    private static int count(ByteBuffer message) {
        if (message.remaining() < HEAD || message.get() != VERSION) {
            return -1;
        }
        int count = message.getShort() & 0xffff;
        return count > MAX_ENTRIES ? -1 : count;
    }
}
