package io.rialto.sync;

import io.rialto.node.JsonSection;
import io.rialto.protocol.sync.Step;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where a backend hears of what became of messages.
 *
 * @param url that takes events by POST
 * @param topics whose messages it hears of
 * @param events it hears of
 * @param secret by which events are signed
 * @param timeout of one attempt
 * @param keep how long an event is tried before it is given up
 */
@SuppressWarnings("ArrayRecordComponent") // a key; never compared
public record Webhook(
        String id, URI url, Set<String> topics, Set<Step> events, byte[] secret, Duration timeout, Duration keep) {
    /** What becomes of a message after it was stored, which its publisher knows. */
    static final Set<Step> EVENTS = EnumSet.of(Step.ACKED, Step.SHOWN, Step.OPENED, Step.EXPIRED, Step.REVOKED);

    private static final Pattern ID = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    /** The least that HMAC-SHA256 should be keyed by. */
    private static final int MIN_SECRET = 24;

    private static final int MAX_TIMEOUT_MILLIS = 60_000;
    private static final int MAX_KEEP_HOURS = 24 * 30;

    public Webhook {
        topics = Set.copyOf(topics);
        events = Set.copyOf(events);
    }

    static Webhook read(JsonSection json, Set<String> known) {
        String id = json.text("id");
        if (!id.isEmpty() && !ID.matcher(id).matches()) {
            json.refuse("id", id, ID.pattern());
        }
        URI url = json.parsed("url", "an http or https URL", Webhook::url).orElse(URI.create("http://refused"));
        if (!json.has("url")) {
            json.refuse("url", "absent", "an http or https URL");
        }
        Set<String> topics = Set.copyOf(json.texts("topics", SyncConfig.MAX_TOPICS));
        for (String topic : topics) {
            if (!known.contains(topic)) {
                json.refuse("topics", topic, "one of " + known.stream().sorted().toList());
            }
        }
        byte[] secret = json.bytes("secret", 0);
        if (secret.length < MIN_SECRET) {
            json.refuse("secret", secret.length + " bytes", "base64 of " + MIN_SECRET + " bytes or more");
        }
        return new Webhook(
                id,
                url,
                topics.isEmpty() ? Set.copyOf(known) : topics,
                events(json),
                secret,
                Duration.ofMillis(json.integer("timeout-ms", 100, MAX_TIMEOUT_MILLIS, 10_000)),
                Duration.ofHours(json.integer("keep-hours", 1, MAX_KEEP_HOURS, 72)));
    }

    private static Set<Step> events(JsonSection json) {
        Set<Step> events = EnumSet.noneOf(Step.class);
        for (String name : json.texts("events", Step.values().length)) {
            Step event = Arrays.stream(Step.values())
                    .filter(step -> name(step).equals(name))
                    .findFirst()
                    .orElse(Step.UNKNOWN);
            if (EVENTS.contains(event)) {
                events.add(event);
            } else {
                json.refuse(
                        "events",
                        name,
                        "of " + EVENTS.stream().map(Webhook::name).sorted().toList());
            }
        }
        return events.isEmpty() ? EVENTS : events;
    }

    /** As it is written in the configuration and in events. */
    static String name(Step step) {
        return step.name().toLowerCase(Locale.ROOT);
    }

    private static URI url(String text) {
        URI url = URI.create(text);
        String scheme = url.getScheme();
        if (!"https".equals(scheme) && !"http".equals(scheme) || url.getHost() == null || url.getUserInfo() != null) {
            throw new IllegalArgumentException(text);
        }
        return url;
    }
}
