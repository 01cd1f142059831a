package io.rialto.client;

import io.rialto.protocol.ServerKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The platform's keys that this device pins: those of its configuration, and those that handshakes announced. */
final class ServerKeys {
    /** Keys change a few times a year and overlap by two. */
    private static final int MAX_LEARNED = 8;

    private static final String STORED = "server-keys";

    private final List<ServerKey> configured;
    private final Kept kept;
    private final List<ServerKey> learned = new ArrayList<>();
    private @Nullable ServerKey current;

    ServerKeys(List<ServerKey> configured, Kept kept) {
        this.configured = List.copyOf(configured);
        this.kept = kept;
        byte[] stored = kept.get(STORED);
        if (stored != null) {
            try {
                learned.addAll(decode(stored));
            } catch (IllegalArgumentException e) {
                kept.report("storage: server keys unreadable, only configured ones are used: " + e.getMessage());
            }
        }
        this.current = all().get(0);
    }

    /** The key to shake hands with. */
    synchronized ServerKey current() {
        return current == null ? configured.get(0) : current;
    }

    /** How many keys there are to try. */
    synchronized int size() {
        return all().size();
    }

    /** Turns to the next key, after the platform said that it does not have this one. */
    synchronized void refused(ServerKey key) {
        if (!key.equals(current())) {
            return; // another call has turned already
        }
        List<ServerKey> all = all();
        current = all.get((all.indexOf(key) + 1) % all.size());
        kept.report("server key " + key + " was refused; the next pinned one is used");
    }

    /** Pins keys that the authenticated answer of a handshake announced. */
    void learn(List<ServerKey> next) {
        byte[] encoded;
        synchronized (this) {
            boolean changed = false;
            for (ServerKey key : next) {
                if (!configured.contains(key) && !learned.contains(key)) {
                    learned.add(key);
                    changed = true;
                }
            }
            if (!changed) {
                return;
            }
            while (learned.size() > MAX_LEARNED) {
                learned.remove(0);
            }
            encoded = encode(learned);
        }
        kept.put(STORED, encoded);
    }

    private List<ServerKey> all() {
        List<ServerKey> all = new ArrayList<>(configured);
        all.addAll(learned);
        return all;
    }

    private static byte[] encode(List<ServerKey> keys) {
        int size = 0;
        for (ServerKey key : keys) {
            size += 3 + key.publicKey().length;
        }
        byte[] bytes = new byte[size];
        int at = 0;
        for (ServerKey key : keys) {
            byte[] point = key.publicKey();
            bytes[at] = (byte) key.suite();
            bytes[at + 1] = (byte) (point.length >>> 8);
            bytes[at + 2] = (byte) point.length;
            System.arraycopy(point, 0, bytes, at + 3, point.length);
            at += 3 + point.length;
        }
        return bytes;
    }

    private static List<ServerKey> decode(byte[] bytes) {
        List<ServerKey> keys = new ArrayList<>();
        int at = 0;
        while (at < bytes.length) {
            int length = at + 3 > bytes.length ? -1 : (bytes[at + 1] & 0xff) << 8 | bytes[at + 2] & 0xff;
            if (length < 0 || at + 3 + length > bytes.length) {
                throw new IllegalArgumentException(bytes.length + " bytes end within a key");
            }
            byte[] point = new byte[length];
            System.arraycopy(bytes, at + 3, point, 0, length);
            keys.add(ServerKey.of(bytes[at], point));
            at += 3 + length;
        }
        return keys;
    }
}
