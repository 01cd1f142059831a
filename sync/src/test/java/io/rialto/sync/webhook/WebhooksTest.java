package io.rialto.sync.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.rialto.node.Json;
import io.rialto.protocol.sync.Step;
import io.rialto.sync.CellDatabase;
import io.rialto.sync.InboxMeters;
import io.rialto.sync.MessageId;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.Webhook;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@Timeout(120)
class WebhooksTest {
    private static final byte[] SECRET = "a secret of more than twenty-four bytes".getBytes(StandardCharsets.UTF_8);
    private static final String USER = CellDatabase.user();
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    @TempDir
    static Path directory;

    private static CellDatabase cell;

    /** A call as the backend got it. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Call(String id, String timestamp, String signature, byte[] body) {
        JsonNode json() throws Exception {
            return Json.read(body);
        }
    }

    private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
    private volatile int status = 204;
    private HttpServer backend;
    private Webhook webhook;
    private Webhooks webhooks;

    @BeforeAll
    static void startCell() throws Exception {
        cell = new CellDatabase(directory);
    }

    @AfterAll
    static void stopCell() throws Exception {
        cell.close();
    }

    @BeforeEach
    void start() throws Exception {
        cell.execute("TRUNCATE inbox.webhook, inbox.webhook_event, inbox.receipt, inbox.message, inbox.head");
        backend = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        backend.createContext("/hook", exchange -> {
            calls.add(new Call(
                    exchange.getRequestHeaders().getFirst("webhook-id"),
                    exchange.getRequestHeaders().getFirst("webhook-timestamp"),
                    exchange.getRequestHeaders().getFirst("webhook-signature"),
                    exchange.getRequestBody().readAllBytes()));
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        backend.start();
        webhook = new Webhook(
                "crm",
                URI.create("http://127.0.0.1:" + backend.getAddress().getPort() + "/hook"),
                Set.of("payments"),
                Set.of(Step.ACKED, Step.REVOKED),
                SECRET,
                Duration.ofSeconds(10),
                Duration.ofHours(1));
        webhooks = node();
        webhooks.subscribe();
    }

    private Webhooks node() {
        return new Webhooks(
                cell.database,
                () -> new SyncConfig(Map.of(), List.of(webhook)),
                InboxMeters.NONE,
                () -> NOW,
                new Random(1));
    }

    @AfterEach
    void stop() {
        webhooks.close();
        backend.stop(0);
    }

    private static void acked(long first, long last) throws Exception {
        receipt(first, last, Step.ACKED, "now()");
    }

    private static void receipt(long first, long last, Step step, String at) throws Exception {
        cell.execute(
                "INSERT INTO inbox.receipt (shard, uid, topic, everyone, first, last, device, step, at, node, reason)"
                        + " VALUES (0, '" + USER + "', 'payments', false, " + first + ", " + last + ", 'd1', "
                        + step.number()
                        + ", " + at + ", '', '')");
    }

    private static String waiting() throws Exception {
        return cell.text("SELECT count(*) FROM inbox.webhook_event");
    }

    private static void again() throws Exception {
        cell.execute("UPDATE inbox.webhook_event SET attempt = now()");
    }

    private Call call() throws Exception {
        Call call = calls.poll(30, TimeUnit.SECONDS);
        if (call == null) {
            throw new AssertionError("the backend was not called");
        }
        return call;
    }

    @Test
    void tells_what_was_acknowledged_signed() throws Exception {
        acked(3, 5);
        assertThat(webhooks.round(webhook)).isEqualTo(1);
        Call call = call();
        JsonNode data = call.json().get("data");
        assertThat(call.json().get("type").asString()).isEqualTo("message.acked");
        assertThat(data.get("first").asString()).isEqualTo("payments.3." + USER);
        assertThat(data.get("last").asString()).isEqualTo("payments.5." + USER);
        assertThat(data.get("device").asString()).isEqualTo("d1");
        assertThat(call.timestamp()).isEqualTo(Long.toString(NOW.getEpochSecond()));
        assertThat(call.signature())
                .isEqualTo(Webhooks.signature(SECRET, call.id() + "." + call.timestamp() + ".", call.body()));
        assertThat(waiting()).isEqualTo("0");
    }

    @Test
    void signatures_are_those_of_standard_webhooks() {
        // Reckoned with openssl dgst -sha256 -hmac.
        assertThat(Webhooks.signature(
                        "key".getBytes(StandardCharsets.UTF_8), "id.1.", "{}".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("v1,5PVmP2AfJGwnp9flV+flrzfukNWA9zyUdqvI+IQalVs=");
    }

    @Test
    void tells_that_a_message_was_taken_back() throws Exception {
        cell.inbox.publish(CellDatabase.message(USER, "k1")).join();
        cell.inbox.revoke(CellDatabase.table().locate(USER).shard(), 1, new MessageId("payments", 1, USER));
        webhooks.round(webhook);
        assertThat(call().json().get("type").asString()).isEqualTo("message.revoked");
    }

    @Test
    void a_step_that_nobody_wants_is_no_event() throws Exception {
        receipt(1, 1, Step.SHOWN, "now()");
        assertThat(waiting()).isEqualTo("0");
    }

    @Test
    void a_webhook_that_fails_is_told_again_with_the_same_id() throws Exception {
        status = 500;
        acked(1, 1);
        webhooks.round(webhook);
        assertThat(webhooks.round(webhook)).isZero();
        assertThat(cell.text("SELECT attempt > now() AND tries = 1 FROM inbox.webhook_event"))
                .isEqualTo("t");
        status = 302;
        again();
        webhooks.round(webhook);
        status = 200;
        again();
        webhooks.round(webhook);
        String id = call().id();
        assertThat(call().id()).isEqualTo(id);
        assertThat(call().id()).isEqualTo(id);
        assertThat(waiting()).isEqualTo("0");
    }

    @Test
    void a_backend_that_is_away_is_tried_until_the_event_is_too_old() throws Exception {
        backend.stop(0);
        acked(1, 1);
        receipt(2, 2, Step.ACKED, "now() - interval '2 hours'");
        assertThat(webhooks.round(webhook)).isEqualTo(2);
        assertThat(cell.text("SELECT string_agg(first::text, ' ') FROM inbox.webhook_event"))
                .isEqualTo("1");
    }

    @Test
    void an_event_that_a_node_has_taken_is_passed_over_by_others() throws Exception {
        acked(1, 1);
        EventTable table = new EventTable(cell.database);
        assertThat(table.take("crm", 10, Duration.ofMinutes(1))).hasSize(1);
        assertThat(webhooks.round(webhook)).isZero();
        assertThat(calls).isEmpty();
    }

    @Test
    void a_running_node_tells_by_itself() throws Exception {
        webhooks.start();
        acked(1, 1);
        assertThat(call().json().get("type").asString()).isEqualTo("message.acked");
    }

    @Test
    void a_node_with_an_older_configuration_takes_no_webhook_away() throws Exception {
        new EventTable(cell.database).subscribe(List.of());
        acked(1, 1);
        assertThat(waiting()).isEqualTo("1");
    }

    @Test
    void events_of_a_webhook_that_no_node_has_any_more_go_too() throws Exception {
        acked(1, 1);
        cell.execute("UPDATE inbox.webhook SET seen = now() - interval '2 hours'");
        new EventTable(cell.database).subscribe(List.of());
        acked(2, 2);
        assertThat(waiting()).isEqualTo("0");
    }
}
