package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Json;
import io.rialto.protocol.sync.Step;
import java.net.URI;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class SyncConfigTest {
    private static final String SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0";

    @Test
    void defaults_are_as_documented() throws Exception {
        SyncConfig config = SyncConfig.parse(Json.read("""
                {"topics":[{"name":"payments","app":"wallet"}]}"""));
        assertThat(config.topics()).containsOnlyKeys("payments").containsValue(Topic.of("payments", "wallet"));
        assertThat(config.webhooks()).isEmpty();
        assertThat(SyncConfig.parse(Json.read("{}"))).isEqualTo(SyncConfig.EMPTY);
    }

    @Test
    void reads_every_key() throws Exception {
        SyncConfig config = SyncConfig.parse(Json.read("""
                {"topics":[{"name":"news","app":"wallet","retention-days":7,"keep-newest":20,"max-payload-bytes":1024,
                   "default-expiry-seconds":60,"max-expiry-seconds":3600,"new-device":"newest","receipts":false,"offline":false}],
                 "webhooks":[{"id":"crm","url":"https://example.org/hook","topics":["news"],"events":["acked","revoked"],
                   "secret":"%s","timeout-ms":500,"keep-hours":1}]}""".formatted(SECRET)));
        assertThat(config.topics().get("news"))
                .isEqualTo(new Topic(
                        "news",
                        "wallet",
                        Duration.ofDays(7),
                        20,
                        1024,
                        Duration.ofSeconds(60),
                        Duration.ofHours(1),
                        false,
                        false,
                        false));
        Webhook webhook = config.webhooks().getFirst();
        assertThat(webhook.events()).containsExactlyInAnyOrder(Step.ACKED, Step.REVOKED);
        assertThat(webhook.timeout()).isEqualTo(Duration.ofMillis(500));
        assertThat(webhook.keep()).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void tells_all_that_is_wrong_at_once() throws Exception {
        assertThat(SyncConfig.errors(Json.read("""
                        {"topics":[{"name":"News","retention-days":0,"max-expiry-seconds":2592001,"colour":1},
                                   {"name":"a","app":"x"},{"name":"a","app":"x"}],
                         "webhooks":[{"id":"h","url":"ftp://x","topics":["b"],"events":["stored"],"secret":"c2hvcnQ="}],
                         "more":1}""")))
                .satisfiesExactlyInAnyOrder(
                        error -> assertThat(error).startsWith("sync.topics[0].name: News"),
                        error -> assertThat(error).startsWith("sync.topics[0].app: absent"),
                        error -> assertThat(error).startsWith("sync.topics[0].retention-days: 0"),
                        error -> assertThat(error).startsWith("sync.topics[0].max-expiry-seconds: 2592001"),
                        error -> assertThat(error).startsWith("sync.topics[0].colour: unknown key"),
                        error -> assertThat(error).startsWith("sync.topics: a (expected: each name once)"),
                        error -> assertThat(error).startsWith("sync.webhooks[0].url: ftp://x"),
                        error -> assertThat(error).startsWith("sync.webhooks[0].topics: b"),
                        error -> assertThat(error).startsWith("sync.webhooks[0].events: stored"),
                        error -> assertThat(error).startsWith("sync.webhooks[0].secret: 5 bytes"),
                        error -> assertThat(error).startsWith("sync.more: unknown key"));
    }

    @Test
    void reads_accounts_at_vendors_and_quiet_hours() throws Exception {
        SyncConfig config = SyncConfig.parse(Json.read("""
                {"topics":[{"name":"news","app":"wallet","quiet-hours":{"from":"22:00","until":"07:00","zone":"Europe/Paris"}}],
                 "push":[{"app":"wallet","apns":{"team":"TEAM456789","key":"KEY4567890","topic":"org.example.wallet"},
                          "fcm":{"project":"wallet-1"},"web-push":{"subject":"mailto:ops@example.org","hosts":["push.example"]}}]}"""));
        assertThat(Objects.requireNonNull(config.topics().get("news")).quietHours())
                .isEqualTo(new QuietHours(LocalTime.of(22, 0), LocalTime.of(7, 0), ZoneId.of("Europe/Paris")));
        PushAccounts accounts = Objects.requireNonNull(config.accounts().get("wallet"));
        assertThat(accounts.apns())
                .isEqualTo(new PushAccounts.Apns(
                        "TEAM456789", "KEY4567890", "org.example.wallet", URI.create("https://api.push.apple.com")));
        assertThat(accounts.fcm())
                .isEqualTo(new PushAccounts.Fcm("wallet-1", URI.create("https://fcm.googleapis.com")));
        assertThat(accounts.webPush())
                .isEqualTo(new PushAccounts.WebPush("mailto:ops@example.org", List.of("push.example")));
    }

    @Test
    void tells_what_is_wrong_with_accounts_and_quiet_hours() throws Exception {
        assertThat(SyncConfig.errors(Json.read("""
                        {"topics":[{"name":"news","app":"wallet","quiet-hours":{"from":"25:00","until":"07:00","zone":"Mars"}},
                                   {"name":"ads","app":"wallet","quiet-hours":{"from":"07:00","until":"07:00"}}],
                         "push":[{"app":"wallet","apns":{"team":"t","key":"KEY4567890","topic":"a","url":"http://example.org"},
                                  "web-push":{"subject":"nobody","hosts":["a b"]}},{"app":"wallet"}]}""")))
                .satisfiesExactlyInAnyOrder(
                        error -> assertThat(error).startsWith("sync.topics[0].quiet-hours.from: 25:00"),
                        error -> assertThat(error).startsWith("sync.topics[0].quiet-hours.zone: Mars"),
                        error -> assertThat(error).startsWith("sync.topics[1].quiet-hours.until: 07:00"),
                        error -> assertThat(error).startsWith("sync.push[0].apns.team: t"),
                        error -> assertThat(error).startsWith("sync.push[0].apns.url: http://example.org"),
                        error -> assertThat(error).startsWith("sync.push[0].web-push.subject: nobody"),
                        error -> assertThat(error).startsWith("sync.push[0].web-push.hosts: a b"),
                        error -> assertThat(error).startsWith("sync.push: wallet (expected: each app once)"));
    }
}
