package io.rialto.protocol;

import org.jspecify.annotations.Nullable;

/** What a device says of itself in a handshake: who it is, for which edge, when. */
public final class Offer {
    /** Also the size of its {@link #nonce()}. */
    public static final int NONCE_BYTES = 16;

    /** Credentials and session tokens are Rialto's own and short. */
    static final int MAX_TOKEN = 2048;

    /** Identity providers put claims without end into theirs. */
    static final int MAX_JWT = 8192;

    static final int MAX_EDGE = 256;

    private final String credential;
    private final @Nullable String session;
    private final @Nullable String jwt;
    private final String edge;
    private final long timeMillis;
    private final byte[] nonce;

    /**
     * An offer to be made.
     *
     * @param credential what enrolling gave
     * @param session the user's session token; null if there is none, or a JWT instead
     * @param jwt a token of the app's identity provider; null if there is none, or a session token instead
     * @param edge the edge that it is for, as in {@code rialto-edge}
     * @param timeMillis when, by the edge's clock, in milliseconds since the epoch
     * @param nonce 16 random bytes, new for each offer
     */
    public Offer(
            String credential,
            @Nullable String session,
            @Nullable String jwt,
            String edge,
            long timeMillis,
            byte[] nonce) {
        if (session != null && jwt != null) {
            throw new IllegalArgumentException("offer with a session token and a JWT (expected: at most one of them)");
        }
        if (nonce.length != NONCE_BYTES) {
            throw new IllegalArgumentException("nonce: " + nonce.length + " bytes (expected: " + NONCE_BYTES + ")");
        }
        this.credential = credential;
        this.session = session;
        this.jwt = jwt;
        this.edge = edge;
        this.timeMillis = timeMillis;
        this.nonce = nonce.clone();
    }

    public String credential() {
        return credential;
    }

    public @Nullable String session() {
        return session;
    }

    public @Nullable String jwt() {
        return jwt;
    }

    public String edge() {
        return edge;
    }

    public long timeMillis() {
        return timeMillis;
    }

    public byte[] nonce() {
        return nonce.clone();
    }

    /** Its fields but for the signature. */
    byte[] encode() {
        FieldWriter fields = new FieldWriter().putText(1, credential);
        if (session != null) {
            fields.putText(2, session);
        }
        if (jwt != null) {
            fields.putText(3, jwt);
        }
        return fields.putText(4, edge).putLong(5, timeMillis).put(6, nonce).toBytes();
    }

    static Offer decode(byte[] bytes) throws ProtocolException {
        String credential = null;
        String session = null;
        String jwt = null;
        String edge = null;
        byte[] nonce = null;
        long timeMillis = -1;
        FieldReader fields = new FieldReader(bytes);
        while (fields.next()) {
            switch (fields.type()) {
                case 1:
                    credential = fields.text(MAX_TOKEN);
                    break;
                case 2:
                    session = fields.text(MAX_TOKEN);
                    break;
                case 3:
                    jwt = fields.text(MAX_JWT);
                    break;
                case 4:
                    edge = fields.text(MAX_EDGE);
                    break;
                case 5:
                    timeMillis = fields.int64();
                    break;
                case 6:
                    nonce = fields.bytes(NONCE_BYTES, NONCE_BYTES);
                    break;
                default:
                    throw fields.unknown();
            }
        }
        if (credential == null || edge == null || nonce == null || timeMillis < 0) {
            throw fields.missing(
                    credential == null ? "credential" : edge == null ? "edge" : nonce == null ? "random" : "time");
        }
        if (session != null && jwt != null) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME, "handshake with a session token and a JWT (expected: at most one of them)");
        }
        return new Offer(credential, session, jwt, edge, timeMillis, nonce);
    }
}
