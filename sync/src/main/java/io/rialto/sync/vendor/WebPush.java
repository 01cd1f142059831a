package io.rialto.sync.vendor;

import io.rialto.node.Json;
import io.rialto.sync.PushAccounts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** Browsers, by whatever push service they name (RFC 8030), as a sender that it can recognise (RFC 8292). */
final class WebPush implements VendorPush {
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    /** Services take at most a day. */
    private static final Duration TOKEN_LIFETIME = Duration.ofHours(12);

    private static final Duration MARGIN = Duration.ofHours(1);
    /** There are a handful of services; who makes up others gains a signature. */
    private static final int MAX_ORIGINS = 64;

    private static final Duration MAX_LIFETIME = Duration.ofDays(28);

    private final PushAccounts.WebPush account;
    private final ECPrivateKey key;
    private final String publicKey;
    private final PublicHosts hosts;
    private final PushHttp http;
    private final InstantSource clock;
    private final SecureRandom random;
    /** By the service's origin; guarded by itself. */
    private final Map<String, Token> tokens = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Token> eldest) {
            return size() > MAX_ORIGINS;
        }
    };

    private record Token(String text, Instant until) {}

    WebPush(
            PushAccounts.WebPush account,
            ECPrivateKey key,
            PublicHosts hosts,
            PushHttp http,
            InstantSource clock,
            SecureRandom random)
            throws GeneralSecurityException {
        this.account = account;
        this.key = key;
        this.publicKey = BASE64.encodeToString(P256.encode(P256.publicOf(key)));
        this.hosts = hosts;
        this.http = http;
        this.clock = clock;
        this.random = random;
    }

    @Override
    public String vendor() {
        return PushAccounts.WEB_PUSH;
    }

    @Override
    public Outcome push(Wakeup wakeup) throws InterruptedException {
        Subscription subscription = Subscription.parse(wakeup.token());
        if (subscription == null) {
            return new Outcome.Gone("not a subscription of Web Push");
        }
        try {
            if (!hosts.allows(subscription.endpoint())) {
                return new Outcome.Gone("endpoint at a host that must not be called");
            }
            return outcome(http.send(request(wakeup, subscription)));
        } catch (IOException e) {
            // Of this browser's service, which says nothing about others.
            return new Outcome.Busy(Duration.ZERO, false, "no answer: " + e);
        } catch (GeneralSecurityException e) {
            return new Outcome.Gone("keys of the subscription: " + e.getMessage());
        }
    }

    private HttpRequest.Builder request(Wakeup wakeup, Subscription subscription) throws GeneralSecurityException {
        Duration lifetime = wakeup.lifetime().compareTo(MAX_LIFETIME) > 0 ? MAX_LIFETIME : wakeup.lifetime();
        HttpRequest.Builder request = HttpRequest.newBuilder(subscription.endpoint())
                .header("authorization", "vapid t=" + token(subscription.endpoint()) + ", k=" + publicKey)
                .header("content-encoding", "aes128gcm")
                .header("content-type", "application/octet-stream")
                .header("ttl", Long.toString(lifetime.toSeconds()))
                .header("urgency", wakeup.urgent() ? "high" : "normal");
        if (wakeup.notice() == null) {
            request.header("topic", Wakeup.COLLAPSE);
        }
        return request.POST(
                HttpRequest.BodyPublishers.ofByteArray(WebPushCipher.encrypt(body(wakeup), subscription, random)));
    }

    private static byte[] body(Wakeup wakeup) {
        ObjectNode body = Json.mapper().createObjectNode().put(Wakeup.KEY, Wakeup.VALUE);
        Wakeup.Notice notice = wakeup.notice();
        if (notice != null) {
            body.put("title", notice.title()).put("body", notice.body());
        }
        return Json.write(body).getBytes(StandardCharsets.UTF_8);
    }

    private Outcome outcome(Reply reply) {
        int status = reply.status();
        String why = Integer.toString(status);
        if (reply.isFine()) {
            return new Outcome.Sent();
        }
        if (status == 404 || status == 410) {
            return new Outcome.Gone(why);
        }
        return status == 429 || status >= 500
                ? new Outcome.Busy(reply.retryAfter(clock.instant()), false, why)
                : new Outcome.Refused(why);
    }

    private String token(URI endpoint) {
        int port = endpoint.getPort();
        String origin = "https://" + endpoint.getHost().toLowerCase(Locale.ROOT)
                + (port == -1 || port == 443 ? "" : ":" + port);
        Instant now = clock.instant();
        synchronized (tokens) {
            Token known = tokens.get(origin);
            if (known == null || now.plus(MARGIN).isAfter(known.until())) {
                Instant until = now.plus(TOKEN_LIFETIME);
                ObjectNode claims = Json.mapper()
                        .createObjectNode()
                        .put("aud", origin)
                        .put("exp", until.getEpochSecond())
                        .put("sub", account.subject());
                known = new Token(Jwt.es256(key, "", claims), until);
                tokens.put(origin, known);
            }
            return known.text();
        }
    }
}
