package io.rialto.sync;

import io.rialto.node.JsonSection;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * The section {@code sync} of the snapshot.
 *
 * @param topics by name
 * @param accounts of apps at the vendors that wake devices, by app
 */
public record SyncConfig(Map<String, Topic> topics, List<Webhook> webhooks, Map<String, PushAccounts> accounts) {
    /** The name of the snapshot's section. */
    public static final String SECTION = "sync";

    /** Where nothing is configured: no topics, so that nothing is published. */
    public static final SyncConfig EMPTY = new SyncConfig(Map.of(), List.of(), Map.of());

    /** A welcome and a beat name up to two sequences of each topic, in one frame. */
    public static final int MAX_TOPICS = 256;

    /** Each event is looked at for each of them. */
    public static final int MAX_WEBHOOKS = 64;

    /** Kinds of texts of one topic. */
    static final int MAX_TEMPLATES = 64;

    private static final int MAX_RETENTION_DAYS = 3_650;
    private static final int MAX_NEWEST = 100_000;
    private static final int MAX_PAYLOAD = 64 << 10;
    /** An installation serves some dozens of apps. */
    static final int MAX_APPS = 256;

    static final Pattern APP = Pattern.compile("[a-z][a-z0-9-]{0,63}");

    private enum NewDevice {
        OLDEST,
        NEWEST
    }

    public SyncConfig {
        topics = Map.copyOf(topics);
        webhooks = List.copyOf(webhooks);
        accounts = Map.copyOf(accounts);
    }

    /** Without accounts: no device is woken. */
    public SyncConfig(Map<String, Topic> topics, List<Webhook> webhooks) {
        this(topics, webhooks, Map.of());
    }

    /**
     * Reads the section.
     *
     * @throws SyncConfigException with all that is wrong with it
     */
    public static SyncConfig parse(JsonNode json) throws SyncConfigException {
        JsonSection section = JsonSection.of(SECTION, json);
        Map<String, Topic> topics = new LinkedHashMap<>();
        for (Topic topic : section.objects("topics", MAX_TOPICS, SyncConfig::topic)) {
            if (topics.put(topic.name(), topic) != null) {
                section.refuse("topics", topic.name(), "each name once");
            }
        }
        List<Webhook> webhooks =
                section.objects("webhooks", MAX_WEBHOOKS, webhook -> Webhook.read(webhook, topics.keySet()));
        Set<String> ids = new HashSet<>();
        for (Webhook webhook : webhooks) {
            if (!ids.add(webhook.id())) {
                section.refuse("webhooks", webhook.id(), "each id once");
            }
        }
        Map<String, PushAccounts> accounts = new LinkedHashMap<>();
        for (PushAccounts one : section.objects("push", MAX_APPS, PushAccounts::read)) {
            if (accounts.put(one.app(), one) != null) {
                section.refuse("push", one.app(), "each app once");
            }
        }
        section.end();
        if (!section.isFine()) {
            throw new SyncConfigException(section.errors());
        }
        return new SyncConfig(topics, webhooks, accounts);
    }

    /** All that is wrong with a section, for whoever must not accept a bad one; empty where it can be served. */
    public static List<String> errors(JsonNode json) {
        try {
            parse(json);
            return List.of();
        } catch (SyncConfigException wrong) {
            return wrong.errors();
        }
    }

    private static Topic topic(JsonSection json) {
        String name = matching(json, "name", Topic.NAME);
        String app = matching(json, "app", APP);
        Duration retention = Duration.ofDays(json.integer("retention-days", 1, MAX_RETENTION_DAYS, 30));
        long maxExpiry = json.number("max-expiry-seconds", 1, retention.toSeconds(), retention.toSeconds());
        return new Topic(
                // What was refused is never used; a topic without a right name cannot be made.
                Topic.NAME.matcher(name).matches() ? name : "refused",
                app,
                retention,
                json.integer("keep-newest", 0, MAX_NEWEST, 0),
                json.integer("max-payload-bytes", 1, MAX_PAYLOAD, MAX_PAYLOAD),
                Duration.ofSeconds(json.number("default-expiry-seconds", 0, maxExpiry, 0)),
                Duration.ofSeconds(maxExpiry),
                json.constant("new-device", NewDevice.class, NewDevice.OLDEST) == NewDevice.OLDEST,
                json.flag("receipts", true),
                json.flag("offline", true),
                json.object("quiet-hours", QuietHours::read).orElse(null),
                Template.read(json, MAX_TEMPLATES));
    }

    static String matching(JsonSection json, String key, Pattern pattern) {
        String text = json.text(key);
        if (!text.isEmpty() && !pattern.matcher(text).matches()) {
            json.refuse(key, text, pattern.pattern());
        }
        return text;
    }
}
