package io.rialto.protocol;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** A server's answer to a handshake: the session's ticket, and what the device should know. */
public final class Acceptance {
    /** What fits a header field beside the others. */
    static final int MAX_TICKET = 4096;

    static final int MAX_USER = 256;

    /** A rotation has one new key in each suite; the rest is room for the unforeseen. */
    static final int MAX_NEXT_KEYS = 8;

    private static final int NEXT_KEY = 6;

    private final String ticket;
    private final long endsSeconds;
    private final long timeMillis;
    private final String edge;
    private final String user;
    private final List<ServerKey> nextKeys;

    /**
     * An answer to be sent.
     *
     * @param ticket carries the session's keys, encrypted for the platform
     * @param endsSeconds when the session ends, in seconds since the epoch
     * @param timeMillis the server's clock, in milliseconds since the epoch
     * @param edge the edge that answers
     * @param user the user's id, empty where the session has none
     * @param nextKeys server keys to pin beside those pinned
     */
    public Acceptance(
            String ticket, long endsSeconds, long timeMillis, String edge, String user, List<ServerKey> nextKeys) {
        if (nextKeys.size() > MAX_NEXT_KEYS) {
            throw new IllegalArgumentException(
                    "next keys: " + nextKeys.size() + " (expected: at most " + MAX_NEXT_KEYS + ")");
        }
        this.ticket = ticket;
        this.endsSeconds = endsSeconds;
        this.timeMillis = timeMillis;
        this.edge = edge;
        this.user = user;
        this.nextKeys = Collections.unmodifiableList(new ArrayList<>(nextKeys));
    }

    public String ticket() {
        return ticket;
    }

    public long endsSeconds() {
        return endsSeconds;
    }

    public long timeMillis() {
        return timeMillis;
    }

    public String edge() {
        return edge;
    }

    /** Empty where the session has no user. */
    public String user() {
        return user;
    }

    public List<ServerKey> nextKeys() {
        return nextKeys;
    }

    byte[] encode() {
        FieldWriter fields = new FieldWriter()
                .putText(1, ticket)
                .putLong(2, endsSeconds)
                .putLong(3, timeMillis)
                .putText(4, edge)
                .putText(5, user);
        for (ServerKey key : nextKeys) {
            fields.put(NEXT_KEY, Bytes.concat(new byte[] {(byte) key.suite()}, key.publicKey()));
        }
        return fields.toBytes();
    }

    static Acceptance decode(byte[] bytes) throws ProtocolException {
        String ticket = null;
        String edge = null;
        String user = null;
        long endsSeconds = -1;
        long timeMillis = -1;
        List<ServerKey> nextKeys = new ArrayList<>();
        FieldReader fields = new FieldReader(bytes, 0, bytes.length, NEXT_KEY);
        while (fields.next()) {
            switch (fields.type()) {
                case 1:
                    ticket = fields.text(MAX_TICKET);
                    break;
                case 2:
                    endsSeconds = fields.int64();
                    break;
                case 3:
                    timeMillis = fields.int64();
                    break;
                case 4:
                    edge = fields.text(Offer.MAX_EDGE);
                    break;
                case 5:
                    user = fields.text(MAX_USER);
                    break;
                case NEXT_KEY:
                    addKey(nextKeys, fields.bytes(1, FieldWriter.MAX_VALUE));
                    break;
                default:
                    throw fields.unknown();
            }
        }
        if (ticket == null || endsSeconds < 0 || timeMillis < 0 || edge == null || user == null) {
            throw fields.missing("one of 1 to 5");
        }
        return new Acceptance(ticket, endsSeconds, timeMillis, edge, user, nextKeys);
    }

    private static void addKey(List<ServerKey> keys, byte[] value) throws ProtocolException {
        if (keys.size() == MAX_NEXT_KEYS) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME, "server keys: more than " + MAX_NEXT_KEYS + " in one answer");
        }
        if (Suite.find(value[0]) == null) {
            return; // of a suite that later servers offer and this client does not know
        }
        try {
            keys.add(ServerKey.of(value[0], Arrays.copyOfRange(value, 1, value.length)));
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "next server key: " + e.getMessage());
        }
    }
}
