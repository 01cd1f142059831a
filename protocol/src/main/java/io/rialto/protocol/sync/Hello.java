package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.List;
import java.util.Objects;

/** The first frame of a device: how far it is, and what it is. */
public final class Hello {
    private static final int MAX_TEXT = 64;
    private static final int MAX_TOKEN = 4096;
    /** The longest beat that a device may ask for, seconds. */
    public static final int MAX_BEAT = 3600;

    private final List<SyncKey> keys;
    private final String appVersion;
    private final String locale;
    private final String platform;
    private final int beatSeconds;
    private final String pushVendor;
    private final String pushToken;
    private final String timeZone;

    private Hello(Builder from) {
        this.keys = from.keys;
        this.appVersion = from.appVersion;
        this.locale = from.locale;
        this.platform = from.platform;
        this.beatSeconds = from.beatSeconds;
        this.pushVendor = from.pushVendor;
        this.pushToken = from.pushToken;
        this.timeZone = from.timeZone;
    }

    public static Builder builder() {
        return new Builder();
    }

    public List<SyncKey> keys() {
        return keys;
    }

    /** Four numbers with dots, such as 1.0.0.6; empty where it is not known. */
    public String appVersion() {
        return appVersion;
    }

    public String locale() {
        return locale;
    }

    public String platform() {
        return platform;
    }

    /** Asked for; 0 where the server should choose. */
    public int beatSeconds() {
        return beatSeconds;
    }

    /** fcm, apns or webpush; empty for none. */
    public String pushVendor() {
        return pushVendor;
    }

    public String pushToken() {
        return pushToken;
    }

    /** IANA name; empty where it is not known. */
    public String timeZone() {
        return timeZone;
    }

    /** Also the body of {@code rialto.Sync/Fetch} is this, in field 1 of its request. */
    public byte[] encode() {
        ProtoWriter out = new ProtoWriter(64 + 48 * keys.size());
        for (SyncKey key : keys) {
            out.message(1, key.encode());
        }
        return out.text(2, appVersion)
                .text(3, locale)
                .text(4, platform)
                .number(5, beatSeconds)
                .text(6, pushVendor)
                .text(7, pushToken)
                .text(8, timeZone)
                .toBytes();
    }

    static Hello decode(ProtoReader in) throws ProtocolException {
        Builder to = builder();
        Keys keys = new Keys();
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    keys.add(in);
                    break;
                case 2:
                    to.appVersion = in.text(MAX_TEXT);
                    break;
                case 3:
                    to.locale = in.text(MAX_TEXT);
                    break;
                case 4:
                    to.platform = in.text(MAX_TEXT);
                    break;
                case 5:
                    to.beatSeconds = (int) in.number(MAX_BEAT);
                    break;
                case 6:
                    to.pushVendor = in.text(MAX_TEXT);
                    break;
                case 7:
                    to.pushToken = in.text(MAX_TOKEN);
                    break;
                case 8:
                    to.timeZone = in.text(MAX_TEXT);
                    break;
                default:
                    in.skip();
            }
        }
        return to.keys(keys.list()).build();
    }

    /** Says what a device is. */
    public static final class Builder {
        private List<SyncKey> keys = List.of();
        private String appVersion = "";
        private String locale = "";
        private String platform = "";
        private int beatSeconds;
        private String pushVendor = "";
        private String pushToken = "";
        private String timeZone = "";

        private Builder() {}

        public Builder keys(List<SyncKey> all) {
            this.keys = List.copyOf(all);
            return this;
        }

        public Builder appVersion(String version) {
            this.appVersion = Objects.requireNonNull(version, "version");
            return this;
        }

        public Builder locale(String tag) {
            this.locale = Objects.requireNonNull(tag, "tag");
            return this;
        }

        public Builder platform(String name) {
            this.platform = Objects.requireNonNull(name, "name");
            return this;
        }

        public Builder beatSeconds(int seconds) {
            this.beatSeconds = seconds;
            return this;
        }

        public Builder push(String vendor, String token) {
            this.pushVendor = Objects.requireNonNull(vendor, "vendor");
            this.pushToken = Objects.requireNonNull(token, "token");
            return this;
        }

        public Builder timeZone(String name) {
            this.timeZone = Objects.requireNonNull(name, "name");
            return this;
        }

        public Hello build() {
            return new Hello(this);
        }
    }
}
