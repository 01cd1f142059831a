package io.rialto.starter;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A message to be published, as {@code rialto.Inbox/Publish} takes it.
 *
 * <pre>{@code
 * OutgoingMessage.toUser("payments", "100000000042", transfer + ":credit").json(payload).urgent().build()
 * }</pre>
 */
public final class OutgoingMessage {
    private static final String JSON_TYPE = "application/json";

    private final Builder from;

    private OutgoingMessage(Builder from) {
        this.from = from;
    }

    /**
     * To all devices of one user.
     *
     * @param key idempotency id: a message with the same topic, user and key is stored once
     */
    public static Builder toUser(String topic, String user, String key) {
        return toUsers(topic, List.of(user), key);
    }

    /** To all devices of some users, at most 1,000; each may be of another cell. */
    public static Builder toUsers(String topic, List<String> users, String key) {
        Builder builder = new Builder(topic, key);
        builder.users = List.copyOf(users);
        return builder;
    }

    /** To one device of a user. */
    public static Builder toDevice(String topic, String user, String device, String key) {
        Builder builder = new Builder(topic, key);
        builder.users = List.of(user);
        builder.device = Objects.requireNonNull(device, "device");
        return builder;
    }

    /** To everyone who has the topic's app. */
    public static Builder toEveryone(String topic, String key) {
        return new Builder(topic, key);
    }

    /** To everyone whom a rule includes. */
    public static Builder toAudience(String topic, String ruleJson, String key) {
        Builder builder = new Builder(topic, key);
        builder.rule = Objects.requireNonNull(ruleJson, "ruleJson");
        return builder;
    }

    public String topic() {
        return from.topic;
    }

    public String key() {
        return from.key;
    }

    /** Messages of one user leave the outbox in their order; empty where it is for more than one. */
    String orderedBy() {
        return from.users.size() == 1 ? from.users.getFirst() : "";
    }

    /** As the proto3 JSON mapping of {@code rialto.PublishRequest}. */
    byte[] encode(JsonMapper json) {
        ObjectNode request = json.createObjectNode();
        request.put("topic", from.topic).put("key", from.key);
        ObjectNode audience = request.putObject("audience");
        if (from.device != null) {
            audience.putObject("device").put("user", from.users.getFirst()).put("device", from.device);
        } else if (!from.users.isEmpty()) {
            from.users.forEach(audience.putObject("users").putArray("users")::add);
        } else if (from.rule != null) {
            audience.putObject("rule").put("json", from.rule);
        } else {
            audience.put("everyone", true);
        }
        request.put("contentType", from.contentType).put("payload", from.payload);
        if (from.expires != null) {
            request.put("expiresMillis", from.expires.toEpochMilli());
        }
        if (from.notBefore != null) {
            request.put("notBeforeMillis", from.notBefore.toEpochMilli());
        }
        return json.writeValueAsBytes(request.put("minVersion", from.minVersion)
                .put("maxVersion", from.maxVersion)
                .put("urgent", from.urgent)
                .put("collapse", from.collapse)
                .put("template", from.template)
                .set("values", values(json)));
    }

    private ObjectNode values(JsonMapper json) {
        ObjectNode values = json.createObjectNode();
        from.values.forEach(values::put);
        return values;
    }

    /** Says what the message is; what is not said is the topic's. */
    public static final class Builder {
        private static final JsonMapper JSON = new JsonMapper();

        private final String topic;
        private final String key;
        private List<String> users = List.of();
        private @Nullable String device;
        private @Nullable String rule;
        private String contentType = JSON_TYPE;
        private byte[] payload = new byte[0];
        private @Nullable Instant expires;
        private @Nullable Instant notBefore;
        private String minVersion = "";
        private String maxVersion = "";
        private boolean urgent;
        private String collapse = "";
        private String template = "";
        private Map<String, String> values = Map.of();

        private Builder(String topic, String key) {
            this.topic = Objects.requireNonNull(topic, "topic");
            this.key = Objects.requireNonNull(key, "key");
        }

        /** Any value that Jackson writes. */
        public Builder json(Object value) {
            return payload(JSON_TYPE, JSON.writeValueAsBytes(value));
        }

        public Builder payload(String type, byte[] bytes) {
            contentType = type;
            payload = bytes.clone();
            return this;
        }

        /** After that no device gets it. */
        public Builder expires(Instant at) {
            expires = at;
            return this;
        }

        /** Not before. */
        public Builder notBefore(Instant at) {
            notBefore = at;
            return this;
        }

        /** Versions of the app that get it, both included; empty for no end. */
        public Builder versions(String min, String max) {
            minVersion = min;
            maxVersion = max;
            return this;
        }

        /** Wakes devices at once, at any hour. */
        public Builder urgent() {
            urgent = true;
            return this;
        }

        /** Of messages with the same collapse key that a device has not got yet, it gets the last. */
        public Builder collapse(String name) {
            collapse = name;
            return this;
        }

        /**
         * What the vendor of a device that is away shows; nothing where this is not said. The text and its values go through
         * the vendor and onto locked screens.
         *
         * @param id of one of the topic's templates
         * @param ofPlaceholders each of the template's, by name
         */
        public Builder template(String id, Map<String, String> ofPlaceholders) {
            template = id;
            values = Map.copyOf(ofPlaceholders);
            return this;
        }

        public OutgoingMessage build() {
            return new OutgoingMessage(this);
        }
    }
}
