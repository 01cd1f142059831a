package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The outbox's worker on PostgreSQL, before a gateway that may refuse. */
@Timeout(120)
final class MessageOutboxTest {
    private static final int SHARDS = 4;

    private final JsonMapper json = new JsonMapper();

    /** What each user's inbox has stored, by key, in order. */
    private final Map<String, List<String>> stored = new ConcurrentHashMap<>();

    /** Users whose cell is down. */
    private final Set<String> down = ConcurrentHashMap.newKeySet();

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @TempDir
    private Path directory;

    private EmbeddedPostgres postgres;
    private JdbcClient plain;
    private HttpServer gateway;
    private Messages messages;
    private MessageOutbox outbox;

    @BeforeEach
    void start() throws Exception {
        gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        gateway.setExecutor(threads);
        gateway.createContext("/rialto.Inbox/Publish", this::publish);
        gateway.start();
        postgres = EmbeddedPostgres.builder().start();
        DataSource database = postgres.getPostgresDatabase();
        plain = JdbcClient.create(database);
        plain.sql("""
                CREATE SCHEMA rialto;
                CREATE TABLE rialto.fence (shard int PRIMARY KEY, epoch bigint NOT NULL, state text NOT NULL, next text);
                CREATE TABLE rialto.behind (uid text PRIMARY KEY);
                CREATE FUNCTION rialto.fence(s int, e bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
                CREATE TABLE message_outbox (
                    shard int NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY, id uuid NOT NULL, ordered_by text NOT NULL,
                    request bytea NOT NULL, attempts int NOT NULL DEFAULT 0, due_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (shard, id));
                CREATE INDEX ON message_outbox (due_at);
                CREATE INDEX ON message_outbox (shard, ordered_by, number);
                INSERT INTO rialto.fence SELECT s, 1, 'OPEN' FROM generate_series(0, 3) s""").update();
        String address = "127.0.0.1:" + gateway.getAddress().getPort();
        CallerKeys keys = new CallerKeys(TestKeys.file(directory), Clock.systemUTC(), json);
        RialtoProperties properties = new RialtoProperties(
                "bank",
                "",
                "wallet",
                directory.resolve("caller-keys.json"),
                List.of(address),
                "",
                Duration.ofSeconds(30),
                "127.0.0.1",
                1 << 20);
        messages = new Messages(properties, new Gateways("bank", keys, Clock.systemUTC()), json);
        outbox = new MessageOutbox(new FencedTransactions(database), messages, Duration.ofSeconds(30));
    }

    @AfterEach
    void stop() throws Exception {
        outbox.stop();
        gateway.stop(0);
        threads.close();
        postgres.close();
    }

    private void publish(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode request = json.readTree(exchange.getRequestBody().readAllBytes());
            String user = request.at("/audience/users/users/0").asString("");
            String key = request.path("key").asString("");
            assertThat(user).isNotEmpty();
            assertThat(key).isNotEmpty();
            boolean refused = down.contains(user);
            if (!refused) {
                stored.computeIfAbsent(user, name -> new ArrayList<>()).add(key);
            }
            byte[] answer = (refused
                            ? "{\"code\":\"unavailable\",\"reason\":\"cell_unreachable\",\"text\":\"down\"}"
                            : "{\"published\":[{\"user\":\"" + user + "\",\"id\":\"m\",\"sequence\":1}]}")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(refused ? 503 : 200, answer.length);
            exchange.getResponseBody().write(answer);
        }
    }

    /** One after the other, as of one user each, whose shard follows from the number. */
    private void enqueue(int users, int firstKey, int lastKey) {
        String body = new String(
                OutgoingMessage.toUser("payments", "USER", "KEY")
                        .json(Map.of("amount", 5))
                        .build()
                        .encode(json),
                StandardCharsets.UTF_8);
        plain.sql("""
                INSERT INTO message_outbox (shard, id, ordered_by, request)
                SELECT u % :shards, gen_random_uuid(), 'u' || u,
                    convert_to(replace(replace(:body, 'USER', 'u' || u), 'KEY', 'k' || k), 'UTF8')
                FROM generate_series(:first, :last) k, generate_series(1, :users) u ORDER BY k""")
                .param("shards", SHARDS)
                .param("body", body)
                .param("first", firstKey)
                .param("last", lastKey)
                .param("users", users)
                .update();
    }

    private long left() {
        return plain.sql("SELECT count(*) FROM message_outbox")
                .query(Long.class)
                .single();
    }

    private void await(long rows) {
        while (left() != rows) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    private static List<String> keys(int number) {
        List<String> keys = new ArrayList<>();
        for (int k = 1; k <= number; k++) {
            keys.add("k" + k);
        }
        return keys;
    }

    @Test
    void a_backlog_leaves_in_order_though_the_statistics_are_of_an_empty_table() {
        // As after a quiet night: pages there are, but no rows as far as the planner knows.
        enqueue(2_000, 1, 10);
        plain.sql("DELETE FROM message_outbox").update();
        plain.sql("VACUUM (ANALYZE, TRUNCATE off) message_outbox").update();
        plain.sql("ALTER TABLE message_outbox SET (autovacuum_enabled = off)").update();
        enqueue(2_000, 1, 10);
        for (int u = 1; u <= 2_000; u += SHARDS) {
            down.add("u" + u);
        }
        outbox.start();
        await(500 * 10);
        down.clear();
        await(0);
        assertThat(stored).hasSize(2_000);
        assertThat(stored.values()).allSatisfy(one -> assertThat(one).isEqualTo(keys(10)));
    }

    @Test
    void what_follows_a_message_that_waits_does_not_overtake_it() {
        down.add("u1");
        enqueue(2, 1, 3);
        outbox.start();
        await(3);
        enqueue(2, 4, 4);
        await(4);
        assertThat(stored.get("u2")).isEqualTo(keys(4));
        assertThat(stored).doesNotContainKey("u1");
        down.clear();
        await(0);
        assertThat(stored.get("u1")).isEqualTo(keys(4));
    }
}
