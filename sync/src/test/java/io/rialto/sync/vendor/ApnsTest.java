package io.rialto.sync.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.sync.PushAccounts;
import io.rialto.sync.vendor.PushServer.Call;
import io.rialto.sync.vendor.VendorPush.Outcome;
import java.security.KeyPair;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class ApnsTest {
    private static final String TOKEN = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
    private static final Wakeup SILENT = new Wakeup(TOKEN, true, Duration.ofHours(1), null);

    private final KeyPair pair = PushServer.pair("EC", 256);
    private PushServer server;
    private Apns apns;
    private Instant now = Instant.parse("2026-03-01T12:00:00Z");

    ApnsTest() throws Exception {}

    @BeforeEach
    void start() throws Exception {
        server = new PushServer();
        apns = apns(server.http());
    }

    private Apns apns(PushHttp http) {
        PushAccounts.Apns account =
                new PushAccounts.Apns("TEAM456789", "KEY4567890", "org.example.wallet", server.url());
        return new Apns(account, (ECPrivateKey) pair.getPrivate(), http, () -> now);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void says_come_and_sync_and_nothing_else() throws Exception {
        server.answers(200, "");
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Sent());
        Call call = server.call();
        assertThat(call.request().getVersion()).isEqualTo("HTTP/2");
        assertThat(call.request().getMethod()).isEqualTo("POST");
        assertThat(call.path()).isEqualTo("/3/device/" + TOKEN);
        assertThat(call.header("apns-topic")).isEqualTo("org.example.wallet");
        assertThat(call.header("apns-push-type")).isEqualTo("background");
        assertThat(call.header("apns-priority")).isEqualTo("5");
        assertThat(call.header("apns-collapse-id")).isEqualTo("rialto-sync");
        assertThat(call.header("apns-expiration")).isEqualTo(Long.toString(now.getEpochSecond() + 3_600));
        assertThat(call.text()).isEqualTo("{\"aps\":{\"content-available\":1},\"rialto\":\"sync\"}");
    }

    @Test
    void a_text_is_an_alert_and_does_not_collapse() throws Exception {
        server.answers(200, "");
        apns.push(new Wakeup(TOKEN, true, Duration.ofHours(1), new Wakeup.Notice("Paid", "10 \"EUR\"")));
        Call call = server.call();
        assertThat(call.header("apns-push-type")).isEqualTo("alert");
        assertThat(call.header("apns-priority")).isEqualTo("10");
        assertThat(call.request().getHeaders().get("apns-collapse-id")).isNull();
        assertThat(call.json().at("/aps/alert/title").asString()).isEqualTo("Paid");
        assertThat(call.json().at("/aps/alert/body").asString()).isEqualTo("10 \"EUR\"");
    }

    @Test
    void one_token_is_used_for_forty_minutes() throws Exception {
        server.answers(200, "").answers(200, "").answers(200, "");
        apns.push(SILENT);
        String first = server.call().header("authorization");
        PushServer.Checked token = PushServer.check(first.substring("bearer ".length()), pair.getPublic());
        assertThat(token.header().get("alg").asString()).isEqualTo("ES256");
        assertThat(token.header().get("kid").asString()).isEqualTo("KEY4567890");
        assertThat(token.claims().get("iss").asString()).isEqualTo("TEAM456789");
        assertThat(token.claims().get("iat").asLong()).isEqualTo(now.getEpochSecond());
        now = now.plus(Duration.ofMinutes(39));
        apns.push(SILENT);
        assertThat(server.call().header("authorization")).isEqualTo(first);
        now = now.plus(Duration.ofMinutes(1));
        apns.push(SILENT);
        String second = server.call().header("authorization").substring("bearer ".length());
        assertThat(PushServer.check(second, pair.getPublic())
                        .claims()
                        .get("iat")
                        .asLong())
                .isEqualTo(now.getEpochSecond());
    }

    @Test
    void an_expired_token_is_renewed_once() throws Exception {
        server.answers(200, "")
                .answers(403, "{\"reason\":\"ExpiredProviderToken\"}")
                .answers(200, "");
        apns.push(SILENT);
        String first = server.call().header("authorization");
        now = now.plus(Duration.ofMinutes(25));
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Sent());
        assertThat(server.call().header("authorization")).isEqualTo(first);
        assertThat(server.call().header("authorization")).isNotEqualTo(first);
    }

    @Test
    void a_fresh_token_that_is_refused_is_not_renewed() throws Exception {
        server.answers(403, "{\"reason\":\"ExpiredProviderToken\"}");
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Busy(Duration.ZERO, true, "403 ExpiredProviderToken"));
        assertThat(server.calls()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"410,Unregistered", "410,ExpiredToken", "400,BadDeviceToken", "400,DeviceTokenNotForTopic"})
    void a_token_that_is_not_valid_is_gone(int status, String reason) throws Exception {
        server.answers(status, "{\"reason\":\"" + reason + "\"}");
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Gone(status + " " + reason));
    }

    @ParameterizedTest
    @CsvSource({
        "429,TooManyRequests,false",
        "429,TooManyProviderTokenUpdates,true",
        "503,ServiceUnavailable,true",
        "500,InternalServerError,true"
    })
    void a_busy_service_is_left_alone_as_long_as_it_asks_for(int status, String reason, boolean all) throws Exception {
        server.answers(status, "{\"reason\":\"" + reason + "\"}", "retry-after", "17");
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Busy(Duration.ofSeconds(17), all, status + " " + reason));
    }

    @Test
    void a_request_that_can_never_go_is_refused() throws Exception {
        server.answers(400, "{\"reason\":\"BadTopic\"}").answers(413, "no json");
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Refused("400 BadTopic"));
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Refused("413 "));
    }

    @Test
    void what_is_no_token_is_not_sent() throws Exception {
        assertThat(apns.push(new Wakeup("../../other", false, Duration.ofHours(1), null)))
                .isInstanceOf(Outcome.Gone.class);
        assertThat(server.calls()).isZero();
    }

    @Test
    void a_connection_that_breaks_is_tried_later_and_made_anew() throws Exception {
        server.answers(new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()))
                .answers(200, "");
        assertThat(apns.push(SILENT)).isInstanceOf(Outcome.Busy.class);
        assertThat(apns.push(SILENT)).isEqualTo(new Outcome.Sent());
    }

    @Test
    void an_answer_that_does_not_come_is_not_waited_for() throws Exception {
        server.answers(new MockResponse.Builder().headersDelay(50, TimeUnit.SECONDS));
        Outcome outcome =
                apns(new PushHttp(server.client(), Duration.ofMillis(300))).push(SILENT);
        assertThat(outcome).isInstanceOf(Outcome.Busy.class);
        assertThat(((Outcome.Busy) outcome).all()).isTrue();
    }

    @Test
    void an_answer_that_does_not_end_is_not_waited_for() throws Exception {
        server.answers(new MockResponse.Builder().code(400).body("{}").bodyDelay(50, TimeUnit.SECONDS));
        assertThat(apns(new PushHttp(server.client(), Duration.ofMillis(300))).push(SILENT))
                .isInstanceOf(Outcome.Busy.class);
    }

    @Test
    void an_answer_that_is_longer_than_any_reason_is_not_read() throws Exception {
        server.answers(400, "x".repeat(100_000));
        assertThat(apns.push(SILENT)).isInstanceOf(Outcome.Busy.class);
    }
}
