package io.rialto.gateway.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Three nodes joined by messages that take a millisecond, on a clock of the test's. */
final class CellRatesTest {
    private static final List<String> NODES = List.of("n1", "n2", "n3");

    /** After which no answer counts any more. */
    private static final long ASK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Map<String, CellRates> nodes = new HashMap<>();
    private final ArrayDeque<Runnable> messages = new ArrayDeque<>();
    private final List<String> unreachable = new ArrayList<>();
    private long now = 1_000;
    private long admitted;
    private final TreeMap<Long, Runnable> timedOut = new TreeMap<>();
    private int asked;
    private int lateEvery = Integer.MAX_VALUE;
    private CellRates.Rate rate = new CellRates.Rate(100, 100);

    CellRatesTest() {
        for (String node : NODES) {
            CellRates.Link link = (to, message, answer) -> messages.add(() -> {
                CellRates owner = nodes.get(to);
                byte[] given = unreachable.contains(to) || owner == null ? null : owner.serve(message, key -> rate);
                if (++asked % lateEvery == 0) {
                    timedOut.put(now + ASK_NANOS, () -> answer.accept(null)); // what was given is lost
                } else {
                    answer.accept(given);
                }
            });
            nodes.put(node, new CellRates(link, () -> now));
        }
    }

    private void call(String node, String user) {
        CellRates rates = nodes.get(node);
        if (rates == null) {
            throw new IllegalArgumentException(node);
        }
        long result = rates.take(user, rate, new CellRates.Nodes(node, NODES), later -> admitted += later == 0 ? 1 : 0);
        admitted += result == 0 ? 1 : 0;
    }

    private void millisecond() {
        for (int i = messages.size(); i > 0; i--) {
            messages.remove().run();
        }
        while (!timedOut.isEmpty() && timedOut.firstKey() <= now) {
            timedOut.pollFirstEntry().getValue().run();
        }
        now += TimeUnit.MILLISECONDS.toNanos(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 20, 100, 1_000})
    void admits_across_nodes_what_one_bucket_would(int perSecond) {
        rate = new CellRates.Rate(perSecond, perSecond);
        Random random = new Random(7);
        int seconds = 20;
        for (int i = 0; i < seconds * 1_000; i++) {
            // twice the rate, on a random node each
            double calls = perSecond * 2 / 1_000.0;
            int whole = (int) calls + (random.nextDouble() < calls - (int) calls ? 1 : 0);
            for (int k = 0; k < whole; k++) {
                call(NODES.get(random.nextInt(3)), "user");
            }
            millisecond();
        }
        double allowed = perSecond * (seconds + 1.0);
        assertThat(admitted / allowed).isBetween(0.9, 1.1);
    }

    /** Where the calls of a user arrive. */
    enum Load {
        OWNER,
        ONE_OTHER,
        TURNS,
        WANDERING
    }

    @ParameterizedTest
    @CsvSource({
        "5, OWNER", "5, ONE_OTHER", "5, TURNS", "5, WANDERING",
        "60, OWNER", "60, ONE_OTHER", "60, TURNS", "60, WANDERING",
        "1000, OWNER", "1000, ONE_OTHER", "1000, TURNS", "1000, WANDERING"
    })
    void admits_the_same_wherever_the_calls_arrive(int perSecond, Load load) {
        rate = new CellRates.Rate(perSecond, perSecond);
        String owner = CellRates.owner("user", new CellRates.Nodes("n1", NODES));
        int own = NODES.indexOf(owner);
        int seconds = 10;
        double due = 0;
        int calls = 0;
        for (int ms = 0; ms < seconds * 1_000; ms++) {
            for (due += perSecond * 3 / 1_000.0; due >= 1; due--) {
                int node = switch (load) {
                    case OWNER -> own;
                    case ONE_OTHER -> own + 1;
                    case TURNS -> calls;
                    case WANDERING -> ms / 300;
                };
                call(NODES.get(node % 3), "user");
                calls++;
            }
            millisecond();
        }
        assertThat(admitted / (perSecond * (seconds + 1.0))).isBetween(0.9, 1.1);
    }

    @Test
    void an_answer_that_is_late_now_and_then_changes_little() {
        rate = new CellRates.Rate(100, 20);
        lateEvery = 20;
        int seconds = 20;
        for (int ms = 0; ms < seconds * 1_000; ms++) {
            call(NODES.get(ms % 3), "user");
            millisecond();
        }
        assertThat(asked).isGreaterThan(20 * 20);
        assertThat(admitted / (20 + 100.0 * seconds)).isBetween(0.9, 1.1);
    }

    @Test
    void a_user_below_the_limit_is_never_refused() {
        int calls = 0;
        for (int i = 0; i < 5_000; i++) {
            if (i % 50 == 0) {
                call(NODES.get(i / 50 % 3), "quiet");
                calls++;
            }
            millisecond();
        }
        millisecond();
        assertThat(admitted).isEqualTo(calls);
    }

    @Test
    void allows_a_share_while_the_owner_is_away() {
        rate = new CellRates.Rate(90, 90);
        String owner = CellRates.owner("user", new CellRates.Nodes("n1", NODES));
        unreachable.add(owner);
        String other = owner.equals("n1") ? "n2" : "n1";
        for (int i = 0; i < 10_000; i++) {
            call(other, "user");
            millisecond();
        }
        assertThat(admitted / (30.0 * 11)).isBetween(0.9, 1.1);
        unreachable.clear();
        for (int i = 0; i < 3_000; i++) {
            millisecond();
        }
        admitted = 0;
        for (int i = 0; i < 10_000; i++) {
            call(other, "user");
            millisecond();
        }
        assertThat(admitted / (90.0 * 11)).isBetween(0.85, 1.1);
    }

    @Test
    void owners_are_spread_and_stay_when_a_node_leaves() {
        Map<String, Integer> owned = new HashMap<>();
        for (int i = 0; i < 3_000; i++) {
            String owner = CellRates.owner("u" + i, new CellRates.Nodes("n1", NODES));
            owned.merge(owner, 1, Integer::sum);
            if (!owner.equals("n3")) {
                assertThat(CellRates.owner("u" + i, new CellRates.Nodes("n1", List.of("n1", "n2"))))
                        .isEqualTo(owner);
            }
        }
        assertThat(owned.values()).allMatch(count -> count > 800);
    }

    @Test
    void a_malformed_message_is_no_message() {
        assertThat(new CellRates((to, message, answer) -> {}, () -> 0).serve(new byte[] {9}, key -> null))
                .isNull();
    }
}
