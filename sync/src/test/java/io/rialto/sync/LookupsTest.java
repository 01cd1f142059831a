package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.Step;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LookupsTest {
    private static final String EAST = TwoCells.users("east", 1).getFirst();
    private static final String WEST = TwoCells.users("west", 1).getFirst();

    private final TwoCells cells = new TwoCells();

    private String call(String method, @Nullable String app, String body) {
        InboxCall call =
                new InboxCall(app, true, body.getBytes(StandardCharsets.UTF_8), java.time.Duration.ofSeconds(5));
        try {
            return new String(
                    cells.edge("east")
                            .call("/rialto.Inbox/" + method, call)
                            .toCompletableFuture()
                            .join(),
                    StandardCharsets.UTF_8);
        } catch (CompletionException e) {
            if (e.getCause() instanceof ProtocolException refusal) {
                return refusal.reason().wireName() + " " + refusal.getMessage();
            }
            throw e;
        }
    }

    private void publish(String user, String more) {
        call("Publish", "wallet", """
                {"topic":"payments","key":"k1","audience":{"users":{"users":["%s"]}},"json":1%s}""".formatted(user, more));
    }

    private static String id(String id) {
        return "{\"id\":\"" + id + "\"}";
    }

    @Test
    void takes_a_message_back_in_its_users_cell_and_hints() {
        publish(WEST, "");
        assertThat(call("Revoke", "wallet", id("payments.1." + WEST)))
                .isEqualTo("{\"revoked\":true,\"sequence\":\"2\"}");
        assertThat(cells.edge("west").inbox.revoked).containsExactly(new MessageId("payments", 1, WEST));
        assertThat(cells.edge("west").hinted).containsExactly(WEST, WEST);
    }

    @Test
    void takes_a_message_to_everyone_back_in_the_global_cell() {
        call("Publish", "wallet", """
                {"topic":"news","key":"k1","audience":{"everyone":true},"json":1}""");
        assertThat(call("Revoke", "wallet", id("news.1.*"))).contains("\"revoked\":true");
        assertThat(cells.edge("global").inbox.revoked).containsExactly(new MessageId("news", 1, ""));
    }

    @Test
    void refuses_to_take_back_what_is_not_there_or_of_another_app() {
        assertThat(call("Revoke", "wallet", id("payments.1." + WEST))).startsWith("unknown_message");
        assertThat(call("Revoke", "games", id("payments.1." + WEST))).startsWith("wrong_app");
        assertThat(call("Revoke", "wallet", id("payments"))).startsWith("unknown_message message: payments");
        assertThat(call("Revoke", "wallet", id("none.1.5"))).startsWith("unknown_topic");
        assertThat(call("Revoke", "wallet", id("payments.t1." + EAST))).startsWith("unknown_message");
    }

    @Test
    void a_timed_message_waits_in_its_users_cell_until_it_is_cancelled() {
        long later = TwoCells.NOW.plusSeconds(60).toEpochMilli();
        publish(WEST, ",\"notBeforeMillis\":" + later);
        TwoCells.Edge west = cells.edge("west");
        assertThat(west.inbox.stored).isEmpty();
        assertThat(west.schedule.added).extracting(Publication::user).containsExactly(WEST);
        assertThat(call("Revoke", "wallet", id("payments.t1." + WEST))).isEqualTo("{\"revoked\":true}");
        assertThat(west.schedule.waiting).isEmpty();
    }

    @Test
    void a_time_that_has_come_is_now() {
        publish(EAST, ",\"notBeforeMillis\":" + TwoCells.NOW.toEpochMilli());
        assertThat(cells.edge("east").inbox.stored).hasSize(1);
    }

    @Test
    void a_repetition_must_be_one() {
        assertThat(call("Publish", "wallet", """
                {"topic":"payments","key":"k","audience":{"users":{"users":["1"]}},"json":1,"repeat":"0 9 * * UTC"}""")).startsWith("invalid_body repeat: 0 9 * * UTC");
    }

    @Test
    void tells_where_a_message_is_and_why_it_stopped() {
        MessageId message = new MessageId("payments", 1, WEST);
        cells.edge("west")
                .traces
                .traces
                .add(new Trace(
                        message,
                        List.of(
                                new Trace.Passed(Step.STORED, TwoCells.NOW, "", "", ""),
                                new Trace.Passed(Step.SENT, TwoCells.NOW.plusMillis(5), "d1", "west-1", "")),
                        "device d1 has not acknowledged"));
        String traced = """
                {"traced":[{"id":"payments.1.%s","topic":"payments","steps":[{"step":"STORED","atMillis":"%d"},\
                {"step":"SENT","atMillis":"%d","device":"d1","node":"west-1"}],"stopped":"device d1 has not acknowledged"}]}""".formatted(WEST, TwoCells.NOW.toEpochMilli(), TwoCells.NOW.toEpochMilli() + 5);
        assertThat(call("Trace", "wallet", id(message.toString()))).isEqualTo(traced);
        assertThat(call("Trace", null, "{\"user\":\"" + WEST + "\"}")).isEqualTo(traced);
        assertThat(call("Trace", "games", "{\"user\":\"" + WEST + "\"}")).isEqualTo("{}");
        assertThat(call("Trace", "games", id(message.toString()))).startsWith("wrong_app");
        assertThat(call("Trace", "wallet", id("payments.2." + WEST))).startsWith("unknown_message");
        assertThat(call("Trace", "wallet", "{\"id\":\"payments.1." + WEST + "\",\"user\":\"9\"}"))
                .startsWith("invalid_body user: 9");
        assertThat(call("Trace", "wallet", "{}")).startsWith("invalid_body user");
    }
}
