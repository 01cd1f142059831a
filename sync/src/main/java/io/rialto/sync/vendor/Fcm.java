package io.rialto.sync.vendor;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.sync.PushAccounts;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.interfaces.RSAPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Firebase Cloud Messaging, HTTP v1 API, by a service account (OAuth 2.0 JWT bearer, RFC 7523): its key signs a
 * request for an access token, which is good for an hour.
 */
final class Fcm implements VendorPush {
    private static final String SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
    private static final String GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    private static final Duration ASSERTION = Duration.ofHours(1);
    /** So much before its end an access token is renewed. */
    private static final Duration MARGIN = Duration.ofMinutes(5);

    private static final Duration SHORTEST = Duration.ofMinutes(1);
    private static final Duration LONGEST = Duration.ofHours(1);
    /** FCM keeps nothing longer. */
    private static final Duration MAX_LIFETIME = Duration.ofDays(28);

    private final ServiceAccount service;
    private final PushHttp http;
    private final InstantSource clock;
    private final URI messages;
    /** The access token that is used, or that somebody is at fetching. */
    private final AtomicReference<@Nullable CompletableFuture<Access>> access = new AtomicReference<>();

    private record Access(String token, Instant until) {}

    /** The file that the vendor's console hands out. */
    record ServiceAccount(String email, String keyId, RSAPrivateKey key, URI tokens) {
        static ServiceAccount parse(String text) throws GeneralSecurityException {
            try {
                JsonNode json = Json.read(text);
                URI tokens = URI.create(text(json, "token_uri"));
                if (!"https".equals(tokens.getScheme()) || tokens.getHost() == null) {
                    throw new GeneralSecurityException("token_uri: " + tokens + " (expected: an https URL)");
                }
                return new ServiceAccount(
                        text(json, "client_email"),
                        text(json, "private_key_id"),
                        Keys.rsa(text(json, "private_key")),
                        tokens);
            } catch (JsonException | IllegalArgumentException e) {
                throw new GeneralSecurityException("not the JSON file of a service account", e);
            }
        }

        private static String text(JsonNode json, String name) throws GeneralSecurityException {
            String text = json.path(name).asString("");
            if (text.isEmpty()) {
                throw new GeneralSecurityException(name + ": absent (expected: the JSON file of a service account)");
            }
            return text;
        }

        @Override
        public String toString() {
            return email;
        }
    }

    Fcm(PushAccounts.Fcm account, ServiceAccount service, PushHttp http, InstantSource clock) {
        this.service = service;
        this.http = http;
        this.clock = clock;
        this.messages = account.url().resolve("/v1/projects/" + account.project() + "/messages:send");
    }

    @Override
    public String vendor() {
        return PushAccounts.FCM;
    }

    @Override
    public Outcome push(Wakeup wakeup) throws InterruptedException {
        try {
            Access token = access(null);
            Reply reply = http.send(request(wakeup, token));
            if (reply.status() == 401) {
                reply = http.send(request(wakeup, access(token)));
            }
            return outcome(reply);
        } catch (IOException e) {
            return new Outcome.Busy(Duration.ZERO, true, "no answer: " + e);
        } catch (RefusedAccess e) {
            return new Outcome.Busy(e.pause, true, "no access token: " + e.getMessage());
        }
    }

    private HttpRequest.Builder request(Wakeup wakeup, Access token) {
        ObjectNode body = Json.mapper().createObjectNode();
        ObjectNode message = body.putObject("message").put("token", wakeup.token());
        message.putObject("data").put(Wakeup.KEY, Wakeup.VALUE);
        Duration lifetime = wakeup.lifetime().compareTo(MAX_LIFETIME) > 0 ? MAX_LIFETIME : wakeup.lifetime();
        ObjectNode android = message.putObject("android")
                .put("priority", wakeup.urgent() ? "HIGH" : "NORMAL")
                .put("ttl", lifetime.toSeconds() + "s");
        Wakeup.Notice notice = wakeup.notice();
        if (notice == null) {
            android.put("collapse_key", Wakeup.COLLAPSE);
        } else {
            message.putObject("notification").put("title", notice.title()).put("body", notice.body());
        }
        return HttpRequest.newBuilder(messages)
                .header("authorization", "Bearer " + token.token())
                .header("content-type", "application/json; charset=utf-8")
                .POST(HttpRequest.BodyPublishers.ofString(Json.write(body), StandardCharsets.UTF_8));
    }

    private Outcome outcome(Reply reply) {
        if (reply.isFine()) {
            return new Outcome.Sent();
        }
        String code = code(reply.json().path("error"));
        String why = reply.status() + " " + code;
        if (code.equals("UNREGISTERED") || code.equals("SENDER_ID_MISMATCH")) {
            return new Outcome.Gone(why);
        }
        Duration pause = reply.retryAfter(clock.instant());
        if (reply.status() == 401 || reply.status() == 403 || reply.status() == 429 || reply.status() >= 500) {
            return new Outcome.Busy(pause, true, why);
        }
        return isOfToken(reply.json().path("error")) ? new Outcome.Gone(why) : new Outcome.Refused(why);
    }

    /** FCM's own word where it says one, else that of all of the vendor's services. */
    private static String code(JsonNode error) {
        for (JsonNode detail : error.path("details")) {
            String code = detail.path("errorCode").asString("");
            if (!code.isEmpty()) {
                return code;
            }
        }
        return error.path("status").asString("");
    }

    /** Whether the one thing that it finds invalid is the token. */
    private static boolean isOfToken(JsonNode error) {
        for (JsonNode detail : error.path("details")) {
            for (JsonNode violation : detail.path("fieldViolations")) {
                if (violation.path("field").asString("").equals("message.token")) {
                    return true;
                }
            }
        }
        return false;
    }

    private static final class RefusedAccess extends Exception {
        private static final long serialVersionUID = 1L;
        private final transient Duration pause;

        RefusedAccess(String message, Duration pause) {
            super(message);
            this.pause = pause;
        }
    }

    /**
     * An access token; one of those who ask fetches it, and the others wait for that.
     *
     * @param refused one that the vendor does not take, or null
     */
    private Access access(@Nullable Access refused) throws IOException, InterruptedException, RefusedAccess {
        CompletableFuture<Access> known = access.get();
        if (known == null || known.isDone() && !isGood(known, refused)) {
            CompletableFuture<Access> mine = new CompletableFuture<>();
            if (access.compareAndSet(known, mine)) {
                try {
                    Access fetched = fetch();
                    mine.complete(fetched);
                    return fetched;
                } catch (IOException | InterruptedException | RuntimeException | RefusedAccess e) {
                    mine.completeExceptionally(e);
                    throw e;
                }
            }
            known = access.get();
        }
        return waitFor(known);
    }

    private static Access waitFor(@Nullable CompletableFuture<Access> known) throws IOException, RefusedAccess {
        try {
            if (known == null) {
                throw new IOException("no access token");
            }
            return known.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RefusedAccess refused) {
                throw new RefusedAccess(String.valueOf(refused.getMessage()), refused.pause);
            }
            throw new IOException("no access token: " + e.getCause(), e);
        }
    }

    private boolean isGood(CompletableFuture<Access> done, @Nullable Access refused) {
        return !done.isCompletedExceptionally()
                && !done.join().equals(refused)
                && clock.instant().isBefore(done.join().until());
    }

    private Access fetch() throws IOException, InterruptedException, RefusedAccess {
        Instant now = clock.instant();
        ObjectNode claims = Json.mapper()
                .createObjectNode()
                .put("iss", service.email())
                .put("scope", SCOPE)
                .put("aud", service.tokens().toString())
                .put("iat", now.getEpochSecond())
                .put("exp", now.plus(ASSERTION).getEpochSecond());
        String form = "grant_type=" + URLEncoder.encode(GRANT, StandardCharsets.UTF_8) + "&assertion="
                + Jwt.rs256(service.key(), service.keyId(), claims);
        Reply reply = http.send(HttpRequest.newBuilder(service.tokens())
                .header("content-type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form, StandardCharsets.US_ASCII)));
        String token = reply.json().path("access_token").asString("");
        if (!reply.isFine() || token.isEmpty()) {
            String error = reply.json().path("error").asString("");
            throw new RefusedAccess(reply.status() + " " + error, reply.retryAfter(now));
        }
        Duration lifetime = Duration.ofSeconds(reply.json().path("expires_in").asLong(0));
        lifetime = lifetime.compareTo(LONGEST) > 0 ? LONGEST : lifetime;
        Duration used = lifetime.minus(MARGIN).compareTo(SHORTEST) < 0 ? SHORTEST : lifetime.minus(MARGIN);
        return new Access(token, now.plus(used));
    }
}
