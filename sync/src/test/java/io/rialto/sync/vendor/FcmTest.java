package io.rialto.sync.vendor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.node.Json;
import io.rialto.sync.PushAccounts;
import io.rialto.sync.vendor.PushServer.Call;
import io.rialto.sync.vendor.VendorPush.Outcome;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class FcmTest {
    private static final Wakeup SILENT = new Wakeup("token-1", false, Duration.ofDays(60), null);

    private final KeyPair pair = PushServer.pair("RSA", 2048);
    private PushServer server;
    private Fcm fcm;
    private Instant now = Instant.parse("2026-03-01T12:00:00Z");

    FcmTest() throws Exception {}

    @BeforeEach
    void start() throws Exception {
        server = new PushServer();
        String file = Json.write(Json.mapper()
                .createObjectNode()
                .put("type", "service_account")
                .put("client_email", "push@wallet.example")
                .put("private_key_id", "k1")
                .put("private_key", PushServer.pem(pair))
                .put("token_uri", server.url() + "/token"));
        fcm = new Fcm(
                new PushAccounts.Fcm("wallet-1", server.url()),
                Fcm.ServiceAccount.parse(file),
                server.http(),
                () -> now);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private PushServer access(String token) {
        return server.answers(
                200, "{\"access_token\":\"" + token + "\",\"expires_in\":3599,\"token_type\":\"Bearer\"}");
    }

    private static String error(int code, String status, String detail) {
        return "{\"error\":{\"code\":" + code + ",\"status\":\"" + status + "\",\"details\":[" + detail + "]}}";
    }

    private static String errorCode(String code) {
        return "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" + code + "\"}";
    }

    @Test
    void says_come_and_sync_with_an_access_token_that_it_fetched() throws Exception {
        access("access-1").answers(200, "{\"name\":\"projects/wallet-1/messages/1\"}");
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Sent());
        Call token = server.call();
        assertThat(token.path()).isEqualTo("/token");
        assertThat(token.header("content-type")).isEqualTo("application/x-www-form-urlencoded");
        String[] form = token.text().split("&assertion=", 2);
        assertThat(URLDecoder.decode(form[0], StandardCharsets.UTF_8))
                .isEqualTo("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer");
        PushServer.Checked assertion = PushServer.check(form[1], pair.getPublic());
        assertThat(assertion.header().get("alg").asString()).isEqualTo("RS256");
        assertThat(assertion.header().get("kid").asString()).isEqualTo("k1");
        assertThat(assertion.claims().get("iss").asString()).isEqualTo("push@wallet.example");
        assertThat(assertion.claims().get("aud").asString()).isEqualTo(server.url() + "/token");
        assertThat(assertion.claims().get("scope").asString())
                .isEqualTo("https://www.googleapis.com/auth/firebase.messaging");
        assertThat(assertion.claims().get("exp").asLong()
                        - assertion.claims().get("iat").asLong())
                .isEqualTo(3_600);
        Call message = server.call();
        assertThat(message.request().getVersion()).isEqualTo("HTTP/2");
        assertThat(message.path()).isEqualTo("/v1/projects/wallet-1/messages:send");
        assertThat(message.header("authorization")).isEqualTo("Bearer access-1");
        assertThat(message.text())
                .isEqualTo(
                        "{\"message\":{\"token\":\"token-1\",\"data\":{\"rialto\":\"sync\"},"
                                + "\"android\":{\"priority\":\"NORMAL\",\"ttl\":\"2419200s\",\"collapse_key\":\"rialto-sync\"}}}");
    }

    @Test
    void a_text_is_a_notification() throws Exception {
        access("access-1").answers(200, "{}");
        fcm.push(new Wakeup("token-1", true, Duration.ofMinutes(1), new Wakeup.Notice("Paid", "10 EUR")));
        server.call();
        Call message = server.call();
        assertThat(message.json().at("/message/notification/body").asString()).isEqualTo("10 EUR");
        assertThat(message.json().at("/message/android/priority").asString()).isEqualTo("HIGH");
        assertThat(message.json().at("/message/android/ttl").asString()).isEqualTo("60s");
        assertThat(message.json().at("/message/android").has("collapse_key")).isFalse();
    }

    @Test
    void an_access_token_is_used_until_shortly_before_its_end() throws Exception {
        access("access-1").answers(200, "{}").answers(200, "{}");
        fcm.push(SILENT);
        now = now.plusSeconds(3_000);
        fcm.push(SILENT);
        assertThat(server.calls()).isEqualTo(3);
        access("access-2").answers(200, "{}");
        now = now.plusSeconds(400);
        fcm.push(SILENT);
        for (int i = 0; i < 4; i++) {
            server.call();
        }
        assertThat(server.call().header("authorization")).isEqualTo("Bearer access-2");
    }

    @Test
    void an_access_token_that_is_refused_is_renewed_once() throws Exception {
        access("access-1").answers(401, error(401, "UNAUTHENTICATED", ""));
        access("access-2").answers(200, "{}");
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Sent());
        access("access-3").answers(401, error(401, "UNAUTHENTICATED", ""));
        now = now.plusSeconds(4_000);
        server.answers(200, "{\"access_token\":\"access-4\",\"expires_in\":3599}")
                .answers(401, error(401, "UNAUTHENTICATED", ""));
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Busy(Duration.ZERO, true, "401 UNAUTHENTICATED"));
    }

    @Test
    void many_at_once_fetch_one_access_token() throws Exception {
        access("access-1");
        List<Callable<Outcome>> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            server.answers(200, "{}");
            calls.add(() -> fcm.push(SILENT));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Outcome> each : threads.invokeAll(calls)) {
                assertThat(each.get()).isEqualTo(new Outcome.Sent());
            }
        }
        assertThat(server.calls()).isEqualTo(21);
    }

    @Test
    void no_access_token_is_no_wake_up_for_any() throws Exception {
        server.answers(400, "{\"error\":\"invalid_grant\"}").answers(503, "", "retry-after", "30");
        assertThat(fcm.push(SILENT))
                .isEqualTo(new Outcome.Busy(Duration.ZERO, true, "no access token: 400 invalid_grant"));
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Busy(Duration.ofSeconds(30), true, "no access token: 503 "));
    }

    @Test
    void a_token_that_is_not_registered_is_gone() throws Exception {
        access("access-1").answers(404, error(404, "NOT_FOUND", errorCode("UNREGISTERED")));
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Gone("404 UNREGISTERED"));
        server.answers(403, error(403, "PERMISSION_DENIED", errorCode("SENDER_ID_MISMATCH")));
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Gone("403 SENDER_ID_MISMATCH"));
        server.answers(400, error(400, "INVALID_ARGUMENT", "{\"fieldViolations\":[{\"field\":\"message.token\"}]}"));
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Gone("400 INVALID_ARGUMENT"));
    }

    @Test
    void a_project_that_is_not_found_takes_no_tokens_with_it() throws Exception {
        access("access-1").answers(404, error(404, "NOT_FOUND", ""));
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Refused("404 NOT_FOUND"));
    }

    @ParameterizedTest
    @CsvSource({"429,RESOURCE_EXHAUSTED,QUOTA_EXCEEDED", "503,UNAVAILABLE,UNAVAILABLE", "500,INTERNAL,INTERNAL"})
    void a_busy_service_is_left_alone_as_long_as_it_asks_for(int status, String name, String code) throws Exception {
        access("access-1").answers(status, error(status, name, errorCode(code)), "retry-after", "90");
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Busy(Duration.ofSeconds(90), true, status + " " + code));
    }

    @Test
    void a_connection_that_breaks_is_tried_later_and_made_anew() throws Exception {
        access("access-1")
                .answers(new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()))
                .answers(200, "{}");
        assertThat(fcm.push(SILENT)).isInstanceOf(Outcome.Busy.class);
        assertThat(fcm.push(SILENT)).isEqualTo(new Outcome.Sent());
    }

    @Test
    void a_file_that_is_no_service_account_is_refused_without_its_text() {
        assertThatThrownBy(() -> Fcm.ServiceAccount.parse("{\"token_uri\":\"http://example.org\"}"))
                .isInstanceOf(GeneralSecurityException.class);
        assertThatThrownBy(() -> Fcm.ServiceAccount.parse("secret"))
                .isInstanceOf(GeneralSecurityException.class)
                .hasMessageNotContaining("secret");
    }
}
