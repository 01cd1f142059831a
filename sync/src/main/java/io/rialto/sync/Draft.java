package io.rialto.sync;

import io.rialto.cells.Place;
import io.rialto.node.JsonException;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.wire.Audience;
import io.rialto.sync.wire.PublishRequest;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A publish that was checked against its topic: all of a message but where it is stored.
 *
 * @param users who get it; a single empty one stands for everyone
 * @param device the only device that gets it, or null
 * @param rule of those who get it, as JSON; null for all
 * @param notice what vendors show of it, as JSON; null for nothing
 * @param accepted when the first edge took it
 */
record Draft(
        Topic topic,
        PublishRequest request,
        List<String> users,
        @Nullable String device,
        @Nullable String rule,
        @Nullable String notice,
        Instant accepted,
        @Nullable Instant expires,
        Versions versions) {
    /** One batch of a writer; more is an audience. */
    static final int MAX_USERS = 1_000;

    static final int MAX_KEY = 128;

    /** The key of each occurrence ends in its time. */
    private static final int MAX_REPEATED_KEY = MAX_KEY - 12;

    /** As the fields of a caller's token. */
    private static final int MAX_USER_BYTES = 256;

    private static final int MAX_LABEL = 128;
    private static final int MAX_RULE = 16 << 10;
    private static final String EVERYONE = "*";
    /** Databases have a last day. */
    private static final Instant LAST = Instant.parse("2200-01-01T00:00:00Z");

    private static final String JSON = "application/json";

    /**
     * Checks a request.
     *
     * @param app whose server publishes; null where it may do so for any
     */
    static Draft of(SyncConfig config, PublishRequest request, @Nullable String app, Instant accepted, Instant now)
            throws ProtocolException {
        Topic topic = topic(config, request.getTopic(), app);
        visible("key", request.getKey(), 1, MAX_KEY);
        visible("contentType", request.getContentType().replace(' ', '-'), 0, MAX_LABEL);
        visible("collapse", request.getCollapse(), 0, MAX_LABEL);
        if (request.getPayload().size() > topic.maxPayloadBytes()) {
            throw new ProtocolException(
                    Reason.PAYLOAD_TOO_LARGE,
                    "payload: " + request.getPayload().size() + " bytes (expected: at most " + topic.maxPayloadBytes()
                            + " in topic " + topic.name() + "; send a reference, and let the app fetch the rest)");
        }
        repeat(request);
        Audience audience = request.getAudience();
        return new Draft(
                topic,
                request,
                users(audience),
                audience.hasDevice() ? audience.getDevice().getDevice() : null,
                audience.hasRule() ? audience.getRule().getJson() : null,
                Notice.of(topic, request.getTemplate(), request.getValuesMap()),
                accepted,
                expires(topic, request, now),
                versions(request));
    }

    /** The topic of a name, where the caller may publish to it. */
    static Topic topic(SyncConfig config, String name, @Nullable String app) throws ProtocolException {
        Topic topic = config.topics().get(name);
        if (topic == null) {
            throw new ProtocolException(
                    Reason.UNKNOWN_TOPIC,
                    "topic: " + name + " (expected: one of the section sync, " + SyncConfig.SECTION + ".topics)");
        }
        if (app != null && !app.equals(topic.app())) {
            throw new ProtocolException(
                    Reason.WRONG_APP,
                    "topic: " + name + " is of app " + topic.app() + " (expected: one of app " + app + ")");
        }
        return topic;
    }

    private static void repeat(PublishRequest request) throws ProtocolException {
        if (request.getRepeat().isEmpty()) {
            return;
        }
        visible("key", request.getKey(), 1, MAX_REPEATED_KEY);
        try {
            Repetition.parse(request.getRepeat());
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.INVALID_BODY, String.valueOf(e.getMessage()));
        }
    }

    private static List<String> users(Audience audience) throws ProtocolException {
        return switch (audience.getAudienceCase()) {
            case USERS -> users(audience.getUsers().getUsersList());
            case DEVICE -> {
                user(audience.getDevice().getUser());
                visible("device", audience.getDevice().getDevice(), 1, MAX_LABEL);
                yield List.of(audience.getDevice().getUser());
            }
            case RULE -> {
                rule(audience.getRule().getJson());
                yield List.of("");
            }
            case EVERYONE -> {
                if (!audience.getEveryone()) {
                    throw invalid("audience.everyone", false, "true");
                }
                yield List.of("");
            }
            case AUDIENCE_NOT_SET -> throw invalid("audience", "absent", "users, device, rule or everyone");
        };
    }

    private static List<String> users(List<String> users) throws ProtocolException {
        if (users.isEmpty() || users.size() > MAX_USERS) {
            throw invalid("audience.users", users.size() + " users", "1.." + MAX_USERS + "; for more use a rule");
        }
        Set<String> seen = HashSet.newHashSet(users.size());
        for (String user : users) {
            user(user);
            if (!seen.add(user)) {
                throw invalid("audience.users", user + " twice", "each user once");
            }
        }
        return List.copyOf(users);
    }

    static void user(String user) throws ProtocolException {
        if (user.isEmpty()
                || user.equals(EVERYONE)
                || user.getBytes(StandardCharsets.UTF_8).length > MAX_USER_BYTES
                || user.chars().anyMatch(Character::isISOControl)) {
            throw invalid("user", shown(user), "an id of 1.." + MAX_USER_BYTES + " bytes, without control characters");
        }
    }

    private static void rule(String json) throws ProtocolException {
        if (json.length() > MAX_RULE) {
            throw invalid("audience.rule", json.length() + " characters", "at most " + MAX_RULE);
        }
        try {
            Set<String> unknown = new TreeSet<>(RuleAudience.compile(json).attributes());
            unknown.removeAll(RuleAudience.ATTRIBUTES);
            if (!unknown.isEmpty()) {
                throw invalid("audience.rule", "attributes " + unknown, "of " + RuleAudience.ATTRIBUTES);
            }
        } catch (JsonException e) {
            throw invalid("audience.rule", String.valueOf(e.getMessage()), "a rule as JSON");
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.INVALID_BODY, "audience." + e.getMessage());
        }
    }

    private static @Nullable Instant expires(Topic topic, PublishRequest request, Instant now)
            throws ProtocolException {
        Instant notBefore =
                request.getNotBeforeMillis() == 0 ? now : instant("notBeforeMillis", request.getNotBeforeMillis());
        Instant begin = notBefore.isAfter(now) ? notBefore : now;
        if (!request.getRepeat().isEmpty() && request.getExpiresMillis() != 0) {
            throw invalid(
                    "expiresMillis",
                    request.getExpiresMillis(),
                    "none with repeat: each occurrence lives as long as the topic says");
        }
        if (request.getExpiresMillis() == 0) {
            return topic.defaultExpiry().isZero() ? null : begin.plus(topic.defaultExpiry());
        }
        Instant expires = instant("expiresMillis", request.getExpiresMillis());
        if (!expires.isAfter(begin)) {
            throw new ProtocolException(
                    Reason.MESSAGE_EXPIRED,
                    "expiresMillis: " + request.getExpiresMillis() + ", " + expires + " (expected: after " + begin
                            + ")");
        }
        if (expires.isAfter(begin.plus(topic.maxExpiry()))) {
            throw invalid(
                    "expiresMillis",
                    request.getExpiresMillis() + ", " + expires,
                    "at most " + topic.maxExpiry().toSeconds() + " s from now in topic " + topic.name());
        }
        return expires;
    }

    private static Instant instant(String field, long millis) throws ProtocolException {
        try {
            Instant instant = Instant.ofEpochMilli(millis);
            if (millis > 0 && instant.isBefore(LAST)) {
                return instant;
            }
        } catch (DateTimeException e) {
            // Refused below, as any other that is out of range.
        }
        throw invalid(field, millis, "milliseconds since 1970, or 0");
    }

    private static Versions versions(PublishRequest request) throws ProtocolException {
        try {
            long min = request.getMinVersion().isEmpty() ? Versions.ALL.min() : Versions.parse(request.getMinVersion());
            long max = request.getMaxVersion().isEmpty() ? Versions.ALL.max() : Versions.parse(request.getMaxVersion());
            if (min > max) {
                throw invalid("minVersion", request.getMinVersion(), "at most maxVersion, " + request.getMaxVersion());
            }
            return new Versions(min, max);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.INVALID_BODY, String.valueOf(e.getMessage()));
        }
    }

    private static void visible(String field, String text, int min, int max) throws ProtocolException {
        if (text.length() < min || text.length() > max || !text.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw invalid(field, shown(text), min + ".." + max + " visible ASCII characters");
        }
    }

    private static String shown(String text) {
        return text.length() <= MAX_LABEL ? text : text.length() + " characters";
    }

    private static ProtocolException invalid(String field, Object value, String expected) {
        return new ProtocolException(Reason.INVALID_BODY, field + ": " + value + " (expected: " + expected + ")");
    }

    /** Whether its time has not come. */
    boolean isLater(Instant now) {
        return !request.getRepeat().isEmpty() || request.getNotBeforeMillis() > now.toEpochMilli();
    }

    /** The message of one user, or of everyone. */
    Publication publication(String user, Place place) {
        return new Publication(
                place.shard(),
                place.epoch(),
                user,
                topic.name(),
                request.getKey(),
                device,
                rule,
                request.getContentType().isEmpty() ? JSON : request.getContentType(),
                request.getPayload().toByteArray(),
                accepted,
                expires,
                versions,
                request.getUrgent(),
                request.getCollapse(),
                notice,
                0);
    }

    /** The same for some of its users, to be sent to their cell. */
    PublishRequest requestFor(List<String> some) {
        if (!request.getAudience().hasUsers()) {
            return request;
        }
        PublishRequest.Builder part = request.toBuilder();
        part.getAudienceBuilder().getUsersBuilder().clearUsers().addAllUsers(some);
        return part.build();
    }

    /** The same for some of its users. */
    Draft only(List<String> some) {
        return new Draft(topic, requestFor(some), some, device, rule, notice, accepted, expires, versions);
    }
}
