package io.rialto.sync.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Json;
import io.rialto.sync.PushAccounts;
import io.rialto.sync.vendor.PushServer.Call;
import io.rialto.sync.vendor.VendorPush.Outcome;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

@Timeout(60)
class WebPushTest {
    private static final byte[] AUTH = "sixteen bytes at".getBytes(StandardCharsets.US_ASCII);

    private final KeyPair ours = PushServer.pair("EC", 256);
    private final KeyPair browser = PushServer.pair("EC", 256);
    private PushServer server;
    private WebPush push;
    private Instant now = Instant.parse("2026-03-01T12:00:00Z");

    WebPushTest() throws Exception {}

    @BeforeEach
    void start() throws Exception {
        server = new PushServer();
        push = push(List.of("localhost"));
    }

    private WebPush push(List<String> hosts) throws Exception {
        return new WebPush(
                new PushAccounts.WebPush("mailto:ops@example.org", hosts),
                (ECPrivateKey) ours.getPrivate(),
                new PublicHosts(hosts, InetAddress::getAllByName),
                server.http(),
                () -> now,
                new SecureRandom());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String subscription(String endpoint) {
        ObjectNode json =
                Json.mapper().createObjectNode().put("endpoint", endpoint).putNull("expirationTime");
        json.putObject("keys")
                .put("p256dh", base64(P256.encode((ECPublicKey) browser.getPublic())))
                .put("auth", base64(AUTH));
        return Json.write(json);
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private Wakeup wakeup(Wakeup.@Nullable Notice notice) {
        return new Wakeup(subscription(server.url() + "/push/1"), false, Duration.ofHours(1), notice);
    }

    private static byte[] hmac(byte[] key, byte[]... parts) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        for (byte[] part : parts) {
            mac.update(part);
        }
        return mac.doFinal();
    }

    /** As a browser does it, written down from the RFC's figures and not from our own code. */
    private String decrypt(byte[] body) throws Exception {
        ByteBuffer in = ByteBuffer.wrap(body);
        byte[] salt = new byte[16];
        in.get(salt);
        assertThat(in.getInt()).isEqualTo(4_096);
        byte[] from = new byte[in.get()];
        in.get(from);
        byte[] record = new byte[in.remaining()];
        in.get(record);
        byte[] one = {1};
        byte[] common = P256.agree(browser.getPrivate(), P256.decode(from));
        byte[] secret = hmac(
                hmac(AUTH, common),
                "WebPush: info\0".getBytes(StandardCharsets.US_ASCII),
                P256.encode((ECPublicKey) browser.getPublic()),
                from,
                one);
        byte[] start = hmac(salt, secret);
        byte[] key = hmac(start, "Content-Encoding: aes128gcm\0".getBytes(StandardCharsets.US_ASCII), one);
        byte[] nonce = hmac(start, "Content-Encoding: nonce\0".getBytes(StandardCharsets.US_ASCII), one);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, 0, 16, "AES"), new GCMParameterSpec(128, nonce, 0, 12));
        byte[] text = cipher.doFinal(record);
        assertThat(text[text.length - 1]).isEqualTo((byte) 2);
        return new String(text, 0, text.length - 1, StandardCharsets.UTF_8);
    }

    @Test
    void says_come_and_sync_so_that_only_the_browser_can_read_it() throws Exception {
        server.answers(201, "");
        assertThat(push.push(wakeup(null))).isEqualTo(new Outcome.Sent());
        Call call = server.call();
        assertThat(call.request().getVersion()).isEqualTo("HTTP/2");
        assertThat(call.path()).isEqualTo("/push/1");
        assertThat(call.header("content-encoding")).isEqualTo("aes128gcm");
        assertThat(call.header("ttl")).isEqualTo("3600");
        assertThat(call.header("urgency")).isEqualTo("normal");
        assertThat(call.header("topic")).isEqualTo("rialto-sync");
        assertThat(decrypt(call.bytes())).isEqualTo("{\"rialto\":\"sync\"}");
    }

    @Test
    void a_text_goes_encrypted_too() throws Exception {
        server.answers(201, "");
        push.push(wakeup(new Wakeup.Notice("Paid", "10 €")));
        assertThat(decrypt(server.call().bytes()))
                .isEqualTo("{\"rialto\":\"sync\",\"title\":\"Paid\",\"body\":\"10 €\"}");
    }

    @Test
    void says_who_it_is_to_each_service() throws Exception {
        server.answers(201, "").answers(201, "").answers(201, "");
        push.push(wakeup(null));
        String first = server.call().header("authorization");
        assertThat(first).startsWith("vapid t=").endsWith(", k=" + base64(P256.encode((ECPublicKey) ours.getPublic())));
        String jwt = first.substring("vapid t=".length(), first.indexOf(','));
        PushServer.Checked token = PushServer.check(jwt, ours.getPublic());
        assertThat(token.header().get("alg").asString()).isEqualTo("ES256");
        assertThat(token.claims().get("aud").asString()).isEqualTo(server.url().toString());
        assertThat(token.claims().get("sub").asString()).isEqualTo("mailto:ops@example.org");
        assertThat(token.claims().get("exp").asLong() - now.getEpochSecond()).isBetween(3_600L, 86_400L);
        now = now.plus(Duration.ofHours(10));
        push.push(wakeup(null));
        assertThat(server.call().header("authorization")).isEqualTo(first);
        now = now.plus(Duration.ofHours(2));
        push.push(wakeup(null));
        assertThat(server.call().header("authorization")).isNotEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 410})
    void a_subscription_that_has_ended_is_gone(int status) throws Exception {
        server.answers(status, "");
        assertThat(push.push(wakeup(null))).isEqualTo(new Outcome.Gone(Integer.toString(status)));
    }

    @Test
    void a_busy_service_is_left_alone_for_this_browser() throws Exception {
        server.answers(429, "", "retry-after", "Sun, 01 Mar 2026 12:02:00 GMT").answers(503, "");
        assertThat(push.push(wakeup(null))).isEqualTo(new Outcome.Busy(Duration.ofMinutes(2), false, "429"));
        assertThat(push.push(wakeup(null))).isEqualTo(new Outcome.Busy(Duration.ZERO, false, "503"));
    }

    @Test
    void a_refusal_of_the_sender_ends_no_subscription() throws Exception {
        server.answers(403, "").answers(413, "");
        assertThat(push.push(wakeup(null))).isEqualTo(new Outcome.Refused("403"));
        assertThat(push.push(wakeup(null))).isEqualTo(new Outcome.Refused("413"));
    }

    @Test
    void a_redirection_is_not_followed() throws Exception {
        server.answers(307, "", "location", server.url() + "/other");
        assertThat(push.push(wakeup(null))).isEqualTo(new Outcome.Refused("307"));
        assertThat(server.calls()).isEqualTo(1);
    }

    @Test
    void a_connection_that_breaks_says_nothing_about_other_services() throws Exception {
        server.answers(new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()));
        assertThat(push.push(wakeup(null)))
                .isInstanceOfSatisfying(
                        Outcome.Busy.class, busy -> assertThat(busy.all()).isFalse());
    }

    @Test
    void a_device_cannot_make_us_call_ourselves() throws Exception {
        assertThat(push(List.of()).push(wakeup(null))).isInstanceOf(Outcome.Gone.class);
        assertThat(push(List.of("example.org")).push(wakeup(null))).isInstanceOf(Outcome.Gone.class);
        assertThat(push.push(new Wakeup(subscription("http://localhost/"), false, Duration.ZERO, null)))
                .isInstanceOf(Outcome.Gone.class);
        assertThat(push.push(new Wakeup("token", false, Duration.ZERO, null))).isInstanceOf(Outcome.Gone.class);
        assertThat(server.calls()).isZero();
    }
}
