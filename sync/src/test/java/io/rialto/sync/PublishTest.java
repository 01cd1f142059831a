package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.wire.Audience;
import io.rialto.sync.wire.PublishAnswer;
import io.rialto.sync.wire.PublishRequest;
import io.rialto.sync.wire.Published;
import io.rialto.sync.wire.Rule;
import io.rialto.sync.wire.UserDevice;
import io.rialto.sync.wire.Users;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PublishTest {
    private static final List<String> EAST = TwoCells.users("east", 3);
    private static final List<String> WEST = TwoCells.users("west", 3);

    /** Too little to look again for a user who is not found. */
    private static final Duration SHORT = Duration.ofMillis(50);

    private final TwoCells cells = new TwoCells();
    private final TwoCells.Edge east = cells.edge("east");
    private final TwoCells.Edge west = cells.edge("west");
    private Duration timeout = Duration.ofSeconds(5);

    private static PublishRequest.Builder request(String... users) {
        return PublishRequest.newBuilder()
                .setTopic("payments")
                .setKey("k1")
                .setPayload(ByteString.copyFromUtf8("{}"))
                .setAudience(Audience.newBuilder().setUsers(Users.newBuilder().addAllUsers(List.of(users))));
    }

    private List<Published> publish(PublishRequest.Builder request) throws Exception {
        return publish(request, "wallet");
    }

    private List<Published> publish(PublishRequest.Builder request, @Nullable String app) throws Exception {
        byte[] body = request.build().toByteArray();
        try {
            byte[] answer = east.call("/rialto.Inbox/Publish", new InboxCall(app, false, body, timeout))
                    .toCompletableFuture()
                    .join();
            return PublishAnswer.parseFrom(answer).getPublishedList();
        } catch (CompletionException e) {
            if (e.getCause() instanceof ProtocolException refusal) {
                throw refusal;
            }
            throw e;
        }
    }

    private String refusal(PublishRequest.Builder request) throws Exception {
        try {
            return "accepted: " + publish(request);
        } catch (ProtocolException refusal) {
            return refusal.reason().wireName() + " " + refusal.getMessage();
        }
    }

    @Test
    void stores_for_a_user_of_this_cell_and_hints_after_it() throws Exception {
        String user = EAST.getFirst();
        assertThat(publish(request(user)))
                .containsExactly(Published.newBuilder()
                        .setUser(user)
                        .setId("payments.1." + user)
                        .setSequence(1)
                        .build());
        assertThat(east.hinted).containsExactly(user);
        Publication stored = east.inbox.stored.getFirst();
        assertThat(stored.shard()).isEqualTo(TwoCells.TABLE.locate(user).shard());
        assertThat(stored.contentType()).isEqualTo("application/json");
        assertThat(stored.expires()).isNull();
        assertThat(stored.accepted()).isEqualTo(TwoCells.NOW);
    }

    @Test
    void a_repeated_key_gets_the_first_answer_and_no_hint() throws Exception {
        publish(request(EAST.getFirst()));
        publish(request(EAST.getFirst()).setKey("k2"));
        Published again = publish(request(EAST.getFirst())).getFirst();
        assertThat(again.getSequence()).isEqualTo(1);
        assertThat(again.getRepeatedKey()).isTrue();
        assertThat(east.hinted).hasSize(2);
    }

    @Test
    void users_of_another_cell_go_there_in_one_call_and_answers_keep_the_order() throws Exception {
        String[] users = {WEST.get(0), EAST.get(0), WEST.get(1), EAST.get(1), WEST.get(2)};
        List<Published> published = publish(request(users));
        assertThat(published).extracting(Published::getUser).containsExactly(users);
        assertThat(published).extracting(Published::getSequence).containsOnly(1L);
        assertThat(cells.calls).containsExactly("/rialto.Inbox/Publish", "/rialto.Cells/Publish");
        assertThat(west.inbox.stored).extracting(Publication::user).containsExactlyElementsOf(WEST);
        assertThat(west.inbox.stored).extracting(Publication::epoch).containsOnly(3L);
        assertThat(west.hinted).containsExactlyElementsOf(WEST);
    }

    @Test
    void what_fails_for_one_user_hides_nothing_of_the_others() throws Exception {
        timeout = SHORT;
        east.inbox.fenced.add(EAST.get(0));
        east.inbox.broken.add(EAST.get(1));
        cells.away.add("west");
        List<Published> published = publish(request(EAST.get(0), EAST.get(1), WEST.get(0), EAST.get(2)));
        assertThat(published)
                .extracting(Published::getReason)
                .containsExactly("fenced", "store_unavailable", "cell_unreachable", "");
        assertThat(published.get(3).getSequence()).isEqualTo(1);
    }

    @Test
    void a_user_whose_shard_moves_meanwhile_is_looked_for_again() throws Exception {
        east.inbox.fenced.add(EAST.get(0));
        east.inbox.onFenced = () -> cells.edges.values().forEach(edge -> edge.table = TwoCells.table("west", "east"));
        List<Published> published = publish(request(EAST.get(0), EAST.get(1)));
        assertThat(published).extracting(Published::getUser).containsExactly(EAST.get(0), EAST.get(1));
        assertThat(published).extracting(Published::getReason).containsExactly("", "");
        assertThat(west.inbox.stored).extracting(Publication::user).containsExactly(EAST.get(0));
        assertThat(east.inbox.stored).extracting(Publication::user).containsExactly(EAST.get(1));
    }

    @Test
    void a_call_fails_where_nobodys_was_stored() throws Exception {
        cells.away.add("west");
        assertThat(refusal(request(WEST.get(0), WEST.get(1))))
                .startsWith("cell_unreachable cell: west (and so 1 more)");
    }

    @Test
    void a_cell_that_disagrees_on_the_table_refuses_and_does_not_send_on() throws Exception {
        timeout = SHORT;
        west.table = TwoCells.table("west", "east");
        assertThat(refusal(request(WEST.get(0)))).startsWith("wrong_cell");
        assertThat(cells.calls).hasSize(2);
    }

    @Test
    void everyone_is_stored_once_in_the_global_cell() throws Exception {
        Published published = publish(
                        request().setAudience(Audience.newBuilder().setEveryone(true)))
                .getFirst();
        assertThat(published.getId()).isEqualTo("payments.1.*");
        TwoCells.Edge global = cells.edge("global");
        assertThat(global.inbox.stored).extracting(Publication::shard).containsExactly(-1);
        assertThat(global.hintedTopics).containsExactly("payments");
    }

    @Test
    void a_device_alone_is_named_in_the_users_sequence() throws Exception {
        publish(request()
                .setAudience(Audience.newBuilder()
                        .setDevice(
                                UserDevice.newBuilder().setUser(EAST.getFirst()).setDevice("d1"))));
        assertThat(east.inbox.stored).extracting(Publication::device).containsExactly("d1");
    }

    @Test
    void expiry_and_versions_reach_the_inbox() throws Exception {
        long expires = TwoCells.NOW.plusSeconds(60).toEpochMilli();
        publish(request(EAST.getFirst())
                .setExpiresMillis(expires)
                .setMinVersion("1.2")
                .setMaxVersion("2"));
        publish(request(EAST.getFirst()).setTopic("news"));
        assertThat(east.inbox.stored)
                .extracting(Publication::expires)
                .containsExactly(TwoCells.NOW.plusSeconds(60), TwoCells.NOW.plusSeconds(3_600));
        assertThat(east.inbox.stored.getFirst().versions())
                .isEqualTo(new Versions(Versions.parse("1.2.0.0"), Versions.parse("2.0.0.0")));
    }

    private static PublishRequest.Builder rule(String json) {
        return request()
                .setAudience(Audience.newBuilder().setRule(Rule.newBuilder().setJson(json)));
    }

    @Test
    void a_rule_is_for_those_who_match() throws Exception {
        String json = "{\"attribute\":\"user\",\"prefix\":\"4\"}";
        assertThat(publish(rule(json)).getFirst().getId()).isEqualTo("payments.1.*");
        assertThat(cells.edge("global").inbox.stored)
                .extracting(Publication::rule)
                .containsExactly(json);
        RuleAudience audience = new RuleAudience("east", () -> TwoCells.NOW);
        assertThat(audience.includes(json, want("42"))).isTrue();
        assertThat(audience.includes(json, want("24"))).isFalse();
        assertThat(audience.includes(
                        "{\"attribute\":\"app-version\",\"version\":{\"from\":\"1.2\",\"to\":\"1.2\"}}", want("42")))
                .isTrue();
        assertThat(audience.includes("{\"later\":1}", want("42"))).isFalse();
        Want german = new Want("42", "d1", want("42").after(), Versions.UNKNOWN, "de-AT", "ios", 1, 1);
        String onPhones = "{\"all\":[{\"attribute\":\"locale\",\"prefix\":\"de\"},"
                + "{\"attribute\":\"platform\",\"in\":[\"android\",\"ios\"]}]}";
        assertThat(audience.includes(onPhones, german)).isTrue();
        assertThat(audience.includes("{\"not\":" + onPhones + "}", want("42")))
                .as("what a device does not tell lets nobody in")
                .isFalse();
        String everyone = "{\"share\":{\"by\":\"user\",\"salt\":\"june\",\"below\":100000}}";
        assertThat(audience.includes(everyone, german)).isTrue();
        assertThat(audience.includes(everyone.replace("100000", "0"), german)).isFalse();
    }

    private static Want want(String user) {
        return new Want(user, "d1", new SyncKey("payments", true, 0, 0), Versions.parse("1.2"), 1, 1);
    }

    static Stream<List<Object>> wrong() {
        String user = EAST.getFirst();
        long now = TwoCells.NOW.toEpochMilli();
        List<List<Object>> wrong = new ArrayList<>();
        wrong.add(List.of(request(user).setTopic("none"), "unknown_topic topic: none"));
        wrong.add(List.of(request(user).setKey(""), "invalid_body key"));
        wrong.add(List.of(request(user).setKey("a b"), "invalid_body key: a b"));
        wrong.add(List.of(request(user).setKey("k".repeat(129)), "invalid_body key: 129 characters"));
        wrong.add(List.of(
                request(user).setTopic("news").setPayload(ByteString.copyFrom(new byte[101])),
                "payload_too_large payload: 101 bytes"));
        wrong.add(List.of(request(user).setExpiresMillis(now), "message_expired expiresMillis"));
        wrong.add(List.of(
                request(user).setTopic("news").setExpiresMillis(now + 3 * 86_400_000L), "invalid_body expiresMillis"));
        wrong.add(List.of(request(user).setExpiresMillis(Long.MAX_VALUE), "invalid_body expiresMillis"));
        wrong.add(List.of(request(user).setNotBeforeMillis(-1), "invalid_body notBeforeMillis"));
        wrong.add(List.of(request(user).setMinVersion("1.x"), "invalid_body version: 1.x"));
        wrong.add(List.of(request(user).setMinVersion("2").setMaxVersion("1"), "invalid_body minVersion"));
        wrong.add(List.of(request(), "invalid_body audience.users: 0 users"));
        wrong.add(List.of(request(user, user), "invalid_body audience.users: " + user + " twice"));
        wrong.add(List.of(request("*"), "invalid_body user: *"));
        wrong.add(List.of(request("a\nb"), "invalid_body user"));
        wrong.add(List.of(
                request(IntStream.range(0, 1_001).mapToObj(Integer::toString).toArray(String[]::new)),
                "invalid_body audience.users: 1001 users"));
        wrong.add(List.of(request().clearAudience(), "invalid_body audience: absent"));
        wrong.add(List.of(
                request().setAudience(Audience.newBuilder().setEveryone(false)), "invalid_body audience.everyone"));
        wrong.add(
                List.of(request(user).setTemplate("t"), "invalid_body template: t (expected: of topic payments: [])"));
        wrong.add(List.of(rule("{"), "invalid_body audience.rule: not JSON"));
        wrong.add(List.of(rule("{\"none\":[]}"), "invalid_body audience.rule: key none"));
        wrong.add(List.of(
                rule("{\"attribute\":\"city\",\"is\":\"de\"}"), "invalid_body audience.rule: attributes [city]"));
        return wrong.stream();
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void refuses_what_does_not_fit(List<Object> request) throws Exception {
        assertThat(refusal((PublishRequest.Builder) request.get(0))).startsWith((String) request.get(1));
        assertThat(east.inbox.stored).isEmpty();
    }

    @Test
    void only_the_topics_own_app_or_the_platform_may_publish() throws Exception {
        assertThat(publish(request(EAST.getFirst()), null)).hasSize(1);
        try {
            publish(request(EAST.getFirst()), "games");
        } catch (ProtocolException refusal) {
            assertThat(refusal).hasMessage("topic: payments is of app wallet (expected: one of app games)");
            return;
        }
        throw new AssertionError("accepted");
    }

    @Test
    void json_takes_a_payload_as_it_is_written() throws Exception {
        String user = EAST.getFirst();
        byte[] answer = east.call("/rialto.Inbox/Publish", TwoCells.json("wallet", """
                        {"topic":"payments","key":"k1","audience":{"users":{"users":["%s"]}},
                         "json":{"amount":12345678901234567.25,"to":"7"}}""".formatted(user)))
                .toCompletableFuture()
                .join();
        assertThat(new String(answer, StandardCharsets.UTF_8))
                .isEqualTo("{\"published\":[{\"user\":\"%s\",\"id\":\"payments.1.%s\",\"sequence\":\"1\"}]}"
                        .formatted(user, user));
        assertThat(new String(east.inbox.stored.getFirst().payload(), StandardCharsets.UTF_8))
                .isEqualTo("{\"amount\":12345678901234567.25,\"to\":\"7\"}");
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{\"topic\":\"a\",\"topic\":\"b\"}",
                "{\"colour\":1}",
                "{\"topic\":{}}",
                "{\"json\":1,\"payload\":\"\"}",
                "{\"topic\":\"payments\"} {}"
            })
    void refuses_json_that_is_not_a_publish(String body) {
        assertThat(east.call("/rialto.Inbox/Publish", TwoCells.json("wallet", body))
                        .toCompletableFuture())
                .failsWithin(Duration.ofSeconds(1))
                .withThrowableThat()
                .havingCause()
                .isInstanceOfSatisfying(
                        ProtocolException.class,
                        refusal -> assertThat(refusal.reason().wireName()).isEqualTo("invalid_json"));
    }
}
