package io.rialto.protocol;

import org.jspecify.annotations.Nullable;

/** Who calls, as one server tells another: what the edge found out and a backend may rely on. */
public final class Caller {
    /** The shard of a caller whose shard is not known; -1 is that of global data. */
    public static final int NO_SHARD = Integer.MIN_VALUE;

    /** The longest of its texts, in bytes of UTF-8. */
    public static final int MAX_TEXT = 256;

    private final String issuer;
    private final String operation;
    private final long issuedMillis;
    private final long expiresMillis;
    private final @Nullable String app;
    private final @Nullable String device;
    private final @Nullable String user;
    private final int shard;
    private final long epoch;
    private final @Nullable String colour;
    private final @Nullable String locale;
    private final int hops;

    private Caller(Builder builder) {
        issuer = builder.issuer;
        operation = builder.operation;
        issuedMillis = builder.issuedMillis;
        expiresMillis = builder.expiresMillis;
        app = builder.app;
        device = builder.device;
        user = builder.user;
        shard = builder.shard;
        epoch = builder.epoch;
        colour = builder.colour;
        locale = builder.locale;
        hops = builder.hops;
    }

    /**
     * Begins a caller of whom nothing else is known.
     *
     * @param issuer the server that says it
     * @param operation {@code service/method}: the only operation that it may be shown to
     */
    public static Builder builder(String issuer, String operation, long issuedMillis, long expiresMillis) {
        return new Builder(issuer, operation, issuedMillis, expiresMillis);
    }

    public String issuer() {
        return issuer;
    }

    public String operation() {
        return operation;
    }

    public long issuedMillis() {
        return issuedMillis;
    }

    public long expiresMillis() {
        return expiresMillis;
    }

    public @Nullable String app() {
        return app;
    }

    public @Nullable String device() {
        return device;
    }

    public @Nullable String user() {
        return user;
    }

    /** The user's shard, -1 for global data, {@link #NO_SHARD} where none is known. */
    public int shard() {
        return shard;
    }

    /** Whether the call is of a pressure test: its shard, below that of global data, has rows of its own. */
    public boolean isShadow() {
        return shard < -1 && shard != NO_SHARD;
    }

    /** The shard's epoch, by which the fence refuses a writer that is late; 0 where none is known. */
    public long epoch() {
        return epoch;
    }

    public @Nullable String colour() {
        return colour;
    }

    /** A BCP 47 language tag. */
    public @Nullable String locale() {
        return locale;
    }

    /** How often the call was forwarded between edges. */
    public int hops() {
        return hops;
    }

    byte[] encode() {
        FieldWriter fields = new FieldWriter()
                .putText(1, issuer)
                .putText(2, operation)
                .putLong(3, issuedMillis)
                .putLong(4, expiresMillis);
        put(fields, 5, app);
        put(fields, 6, device);
        put(fields, 7, user);
        if (shard != NO_SHARD) {
            fields.putInt(8, shard);
        }
        if (epoch != 0) {
            fields.putLong(9, epoch);
        }
        put(fields, 10, colour);
        put(fields, 11, locale);
        return fields.putByte(12, hops).toBytes();
    }

    private static void put(FieldWriter fields, int type, @Nullable String text) {
        if (text != null) {
            fields.putText(type, text);
        }
    }

    static Caller decode(byte[] bytes) throws ProtocolException {
        Builder builder = new Builder("", "", -1, -1);
        boolean hops = false;
        FieldReader fields = new FieldReader(bytes);
        while (fields.next()) {
            switch (fields.type()) {
                case 1:
                    builder.issuer = fields.text(MAX_TEXT);
                    break;
                case 2:
                    builder.operation = fields.text(MAX_TEXT);
                    break;
                case 3:
                    builder.issuedMillis = fields.int64();
                    break;
                case 4:
                    builder.expiresMillis = fields.int64();
                    break;
                case 5:
                    builder.app = fields.text(MAX_TEXT);
                    break;
                case 6:
                    builder.device = fields.text(MAX_TEXT);
                    break;
                case 7:
                    builder.user = fields.text(MAX_TEXT);
                    break;
                case 8:
                    builder.shard = fields.int32();
                    break;
                case 9:
                    builder.epoch = fields.int64();
                    break;
                case 10:
                    builder.colour = fields.text(MAX_TEXT);
                    break;
                case 11:
                    builder.locale = fields.text(MAX_TEXT);
                    break;
                case 12:
                    builder.hops = fields.int8();
                    hops = true;
                    break;
                default:
                    throw fields.unknown();
            }
        }
        if (builder.issuer.isEmpty() || builder.operation.isEmpty() || !hops) {
            throw fields.missing("one of issuer, operation and hops");
        }
        if (builder.issuedMillis < 0 || builder.expiresMillis < 0) {
            throw fields.missing("issued or expires");
        }
        return new Caller(builder);
    }

    /** Sets what is known; {@link Caller#builder} begins. */
    public static final class Builder {
        private String issuer;
        private String operation;
        private long issuedMillis;
        private long expiresMillis;
        private @Nullable String app;
        private @Nullable String device;
        private @Nullable String user;
        private int shard = NO_SHARD;
        private long epoch;
        private @Nullable String colour;
        private @Nullable String locale;
        private int hops;

        private Builder(String issuer, String operation, long issuedMillis, long expiresMillis) {
            this.issuer = issuer;
            this.operation = operation;
            this.issuedMillis = issuedMillis;
            this.expiresMillis = expiresMillis;
        }

        public Builder app(@Nullable String value) {
            app = value;
            return this;
        }

        public Builder device(@Nullable String value) {
            device = value;
            return this;
        }

        public Builder user(@Nullable String value) {
            user = value;
            return this;
        }

        public Builder shard(int value) {
            shard = value;
            return this;
        }

        public Builder epoch(long value) {
            epoch = value;
            return this;
        }

        public Builder colour(@Nullable String value) {
            colour = value;
            return this;
        }

        public Builder locale(@Nullable String value) {
            locale = value;
            return this;
        }

        /** 0 to 255. */
        public Builder hops(int value) {
            hops = value;
            return this;
        }

        /**
         * The caller as set.
         *
         * @throws IllegalArgumentException where the caller could not be written and read again
         */
        public Caller build() {
            if (hops < 0 || hops > 0xff) {
                throw new IllegalArgumentException("hops: " + hops + " (expected: 0 to 255)");
            }
            Caller caller = new Caller(this);
            try {
                decode(caller.encode());
            } catch (ProtocolException e) {
                throw new IllegalArgumentException("caller of " + operation + ": " + e.getMessage(), e);
            }
            return caller;
        }
    }
}
