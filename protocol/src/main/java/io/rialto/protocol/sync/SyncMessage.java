package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.Objects;

/** One message as a device gets it. */
public final class SyncMessage {
    /** The largest payload, bytes; a topic may allow less. */
    public static final int MAX_PAYLOAD = 64 * 1024;

    /** A topic, a number and a user, with dots between. */
    public static final int MAX_ID = SyncKey.MAX_TOPIC + 22 + 256;

    private static final int MAX_CONTENT_TYPE = 128;
    private static final int MAX_COLLAPSE = 128;

    private final long sequence;
    private final String id;
    private final String contentType;
    private final byte[] payload;
    private final long createdMillis;
    private final long expiresMillis;
    private final boolean urgent;
    private final String collapse;
    private final long revokes;

    private SyncMessage(Builder from) {
        this.sequence = from.sequence;
        this.id = from.id;
        this.contentType = from.contentType;
        this.payload = from.payload;
        this.createdMillis = from.createdMillis;
        this.expiresMillis = from.expiresMillis;
        this.urgent = from.urgent;
        this.collapse = from.collapse;
        this.revokes = from.revokes;
    }

    public static Builder builder(long sequence, String id) {
        return new Builder(sequence, id);
    }

    public long sequence() {
        return sequence;
    }

    public String id() {
        return id;
    }

    /** Of the payload. */
    public String contentType() {
        return contentType;
    }

    /** Not copied: must not be changed. */
    public byte[] payload() {
        return payload;
    }

    public long createdMillis() {
        return createdMillis;
    }

    /** 0 for never. */
    public long expiresMillis() {
        return expiresMillis;
    }

    public boolean urgent() {
        return urgent;
    }

    /** Of messages with one collapse key, only the last matters; empty for none. */
    public String collapse() {
        return collapse;
    }

    /** The sequence of the message that this one takes back; 0 for an ordinary message. */
    public long revokes() {
        return revokes;
    }

    byte[] encode() {
        return new ProtoWriter(payload.length + id.length() + contentType.length() + 64)
                .number(1, sequence)
                .text(2, id)
                .text(3, contentType)
                .bytes(4, payload)
                .number(5, createdMillis)
                .number(6, expiresMillis)
                .flag(7, urgent)
                .text(8, collapse)
                .number(9, revokes)
                .toBytes();
    }

    static SyncMessage decode(ProtoReader in) throws ProtocolException {
        Builder to = new Builder(0, "");
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    to.sequence = in.number(Long.MAX_VALUE);
                    break;
                case 2:
                    to.id = in.text(MAX_ID);
                    break;
                case 3:
                    to.contentType = in.text(MAX_CONTENT_TYPE);
                    break;
                case 4:
                    to.payload = in.bytes(MAX_PAYLOAD);
                    break;
                case 5:
                    to.createdMillis = in.number();
                    break;
                case 6:
                    to.expiresMillis = in.number();
                    break;
                case 7:
                    to.urgent = in.flag();
                    break;
                case 8:
                    to.collapse = in.text(MAX_COLLAPSE);
                    break;
                case 9:
                    to.revokes = in.number(Long.MAX_VALUE);
                    break;
                default:
                    in.skip();
            }
        }
        return to.build();
    }

    /** Makes a message. */
    public static final class Builder {
        private static final byte[] NOTHING = new byte[0];

        private long sequence;
        private String id;
        private String contentType = "";
        private byte[] payload = NOTHING;
        private long createdMillis;
        private long expiresMillis;
        private boolean urgent;
        private String collapse = "";
        private long revokes;

        private Builder(long sequence, String id) {
            this.sequence = sequence;
            this.id = Objects.requireNonNull(id, "id");
        }

        public Builder payload(String type, byte[] bytes) {
            this.contentType = Objects.requireNonNull(type, "type");
            this.payload = Objects.requireNonNull(bytes, "bytes");
            return this;
        }

        public Builder created(long millis) {
            this.createdMillis = millis;
            return this;
        }

        public Builder expires(long millis) {
            this.expiresMillis = millis;
            return this;
        }

        public Builder urgent(boolean value) {
            this.urgent = value;
            return this;
        }

        public Builder collapse(String key) {
            this.collapse = Objects.requireNonNull(key, "key");
            return this;
        }

        public Builder revokes(long other) {
            this.revokes = other;
            return this;
        }

        public SyncMessage build() {
            return new SyncMessage(this);
        }
    }
}
