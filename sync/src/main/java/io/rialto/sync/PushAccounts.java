package io.rialto.sync;

import io.rialto.node.JsonSection;
import java.net.URI;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An app's accounts at the vendors that wake its devices. Their keys are in files of each node, never in here.
 *
 * @param app whose devices are woken
 * @param apns null where the app has no account there, as for the others
 */
public record PushAccounts(
        String app,
        @Nullable Apns apns,
        @Nullable Fcm fcm,
        @Nullable WebPush webPush) {
    /** Vendors, as devices name them. */
    public static final String APNS = "apns";

    public static final String FCM = "fcm";
    public static final String WEB_PUSH = "webpush";

    private static final int MAX_HOSTS = 32;
    private static final Pattern APPLE_ID = Pattern.compile("[A-Z0-9]{10}");
    private static final Pattern BUNDLE = Pattern.compile("[A-Za-z0-9.-]{1,155}");
    private static final Pattern PROJECT = Pattern.compile("[a-z0-9:.-]{1,64}");
    private static final Pattern SUBJECT = Pattern.compile("(mailto:|https://)\\S{3,200}");
    private static final Pattern HOST = Pattern.compile("[a-z0-9.-]{1,253}");

    /**
     * At APNs.
     *
     * @param team its id
     * @param key id of the key that signs
     * @param topic the bundle's id
     * @param url of production or of the sandbox
     */
    public record Apns(String team, String key, String topic, URI url) {}

    /** At FCM. */
    public record Fcm(String project, URI url) {}

    /**
     * At whatever services browsers name.
     *
     * @param subject whom services may turn to, a URI
     * @param hosts the only hosts, or domains of hosts, that are called; empty for all public ones
     */
    public record WebPush(String subject, List<String> hosts) {
        public WebPush {
            hosts = List.copyOf(hosts);
        }
    }

    /** The vendors at which there is an account. */
    public List<String> vendors() {
        List<String> all = new java.util.ArrayList<>();
        if (apns != null) {
            all.add(APNS);
        }
        if (fcm != null) {
            all.add(FCM);
        }
        if (webPush != null) {
            all.add(WEB_PUSH);
        }
        return List.copyOf(all);
    }

    static PushAccounts read(JsonSection json) {
        return new PushAccounts(
                SyncConfig.matching(json, "app", SyncConfig.APP),
                json.object("apns", PushAccounts::apns).orElse(null),
                json.object("fcm", PushAccounts::fcm).orElse(null),
                json.object("web-push", PushAccounts::webPush).orElse(null));
    }

    private static Apns apns(JsonSection json) {
        return new Apns(
                SyncConfig.matching(json, "team", APPLE_ID),
                SyncConfig.matching(json, "key", APPLE_ID),
                SyncConfig.matching(json, "topic", BUNDLE),
                url(json, "https://api.push.apple.com"));
    }

    private static Fcm fcm(JsonSection json) {
        return new Fcm(SyncConfig.matching(json, "project", PROJECT), url(json, "https://fcm.googleapis.com"));
    }

    private static WebPush webPush(JsonSection json) {
        List<String> hosts = json.texts("hosts", MAX_HOSTS);
        for (String host : hosts) {
            if (!HOST.matcher(host).matches()) {
                json.refuse("hosts", host, HOST.pattern());
            }
        }
        return new WebPush(SyncConfig.matching(json, "subject", SUBJECT), hosts);
    }

    private static URI url(JsonSection json, String standard) {
        return json.parsed("url", "an https URL", PushAccounts::https).orElse(URI.create(standard));
    }

    private static URI https(String text) {
        URI url = URI.create(text);
        if (!"https".equals(url.getScheme()) || url.getHost() == null || url.getUserInfo() != null) {
            throw new IllegalArgumentException(text);
        }
        return url;
    }
}
