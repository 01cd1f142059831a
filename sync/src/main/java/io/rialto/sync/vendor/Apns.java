package io.rialto.sync.vendor;

import io.rialto.node.Json;
import io.rialto.sync.PushAccounts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Apple's push notification service, by provider tokens ("Sending notification requests to APNs", "Establishing a
 * token-based connection to APNs").
 */
final class Apns implements VendorPush {
    /** Tokens older than an hour are refused, and so are those who renew theirs more often than every 20 minutes. */
    private static final Duration RENEWED = Duration.ofMinutes(40);

    private static final Duration MIN_RENEWED = Duration.ofMinutes(20);

    /** Apple's are 32 bytes today and may become up to 100. */
    private static final Pattern TOKEN = Pattern.compile("[0-9a-fA-F]{16,200}");

    private static final Set<String> GONE =
            Set.of("BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered", "ExpiredToken");
    /** Of the account, so that no other device would fare better. */
    private static final Set<String> OF_ACCOUNT = Set.of(
            "ExpiredProviderToken", "InvalidProviderToken", "MissingProviderToken", "TooManyProviderTokenUpdates");

    private final PushAccounts.Apns account;
    private final ECPrivateKey key;
    private final PushHttp http;
    private final InstantSource clock;
    private volatile @Nullable ProviderToken current;

    private record ProviderToken(String text, Instant made) {}

    Apns(PushAccounts.Apns account, ECPrivateKey key, PushHttp http, InstantSource clock) {
        this.account = account;
        this.key = key;
        this.http = http;
        this.clock = clock;
    }

    @Override
    public String vendor() {
        return PushAccounts.APNS;
    }

    @Override
    public Outcome push(Wakeup wakeup) throws InterruptedException {
        if (!TOKEN.matcher(wakeup.token()).matches()) {
            return new Outcome.Gone("not a token of APNs");
        }
        try {
            ProviderToken token = token(RENEWED);
            Reply reply = http.send(request(wakeup, token));
            if (reason(reply).equals("ExpiredProviderToken")) {
                ProviderToken renewed = token(MIN_RENEWED);
                if (!renewed.equals(token)) {
                    reply = http.send(request(wakeup, renewed));
                }
            }
            return outcome(reply);
        } catch (IOException e) {
            return new Outcome.Busy(Duration.ZERO, true, "no answer: " + e);
        }
    }

    private HttpRequest.Builder request(Wakeup wakeup, ProviderToken token) {
        Wakeup.Notice notice = wakeup.notice();
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        account.url().resolve(URI.create("/3/device/" + wakeup.token())))
                .header("authorization", "bearer " + token.text())
                .header("apns-topic", account.topic())
                .header(
                        "apns-expiration",
                        Long.toString(clock.instant().plus(wakeup.lifetime()).getEpochSecond()))
                .header("apns-push-type", notice == null ? "background" : "alert")
                // What is not shown must not ask for more.
                .header("apns-priority", notice != null && wakeup.urgent() ? "10" : "5");
        if (notice == null) {
            request.header("apns-collapse-id", Wakeup.COLLAPSE);
        }
        return request.POST(HttpRequest.BodyPublishers.ofString(body(notice), StandardCharsets.UTF_8));
    }

    private static String body(Wakeup.@Nullable Notice notice) {
        ObjectNode body = Json.mapper().createObjectNode();
        ObjectNode aps = body.putObject("aps").put("content-available", 1);
        if (notice != null) {
            aps.putObject("alert").put("title", notice.title()).put("body", notice.body());
        }
        return Json.write(body.put(Wakeup.KEY, Wakeup.VALUE));
    }

    private Outcome outcome(Reply reply) {
        if (reply.isFine()) {
            return new Outcome.Sent();
        }
        String reason = reason(reply);
        String why = reply.status() + " " + reason;
        if (reply.status() == 410 || GONE.contains(reason)) {
            return new Outcome.Gone(why);
        }
        Duration pause = reply.retryAfter(clock.instant());
        if (OF_ACCOUNT.contains(reason) || reply.status() >= 500) {
            return new Outcome.Busy(pause, true, why);
        }
        return reply.status() == 429 ? new Outcome.Busy(pause, false, why) : new Outcome.Refused(why);
    }

    private static String reason(Reply reply) {
        return reply.isFine() ? "" : reply.json().path("reason").asString("");
    }

    private synchronized ProviderToken token(Duration maxAge) {
        Instant now = clock.instant();
        ProviderToken token = current;
        if (token == null || Duration.between(token.made(), now).compareTo(maxAge) >= 0) {
            ObjectNode claims =
                    Json.mapper().createObjectNode().put("iss", account.team()).put("iat", now.getEpochSecond());
            token = new ProviderToken(Jwt.es256(key, account.key(), claims), now);
            current = token;
        }
        return token;
    }
}
