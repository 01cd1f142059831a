package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.JsonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChaosCheckTest {
    private final List<ChaosEvent> history = new ArrayList<>(List.of(
            new ChaosEvent.Invoked(1, "7", "a"),
            new ChaosEvent.Answered(2, "7", "a", 1),
            new ChaosEvent.Invoked(3, "7", "b"),
            new ChaosEvent.Failed(4, "7", "b", "unavailable"),
            new ChaosEvent.Fault(5, "kill edge"),
            new ChaosEvent.Received(6, "d0", "7", 1, "a"),
            new ChaosEvent.Invoked(7, "7", "b"),
            new ChaosEvent.Answered(8, "7", "b", 2)));
    private final List<ChaosCheck.Message> messages =
            new ArrayList<>(List.of(new ChaosCheck.Message("7", 1, "a"), new ChaosCheck.Message("7", 2, "b")));
    private Map<String, Long> heads = Map.of("7", 2L);

    private List<String> findings() {
        return ChaosCheck.findings(history, new ChaosCheck.Inbox(messages, heads), Map.of("d0", "7"));
    }

    private void received(long sequence, String key) {
        history.add(new ChaosEvent.Received(9, "d0", "7", sequence, key));
    }

    @Test
    void finds_nothing_where_all_is_stored_and_applied_once_in_order() {
        received(2, "b");
        assertThat(findings()).isEmpty();
    }

    @Test
    void finds_what_was_acknowledged_and_is_lost() {
        messages.removeLast();
        heads = Map.of("7", 1L);
        assertThat(findings()).containsExactly("key b of 7 was acknowledged with 2 and is not in the inbox");
    }

    @Test
    void finds_an_answer_with_another_sequence_than_is_stored() {
        received(2, "b");
        history.set(1, new ChaosEvent.Answered(2, "7", "a", 3));
        assertThat(findings()).contains("key a of 7 was acknowledged with 3, the inbox has it at 1");
    }

    @Test
    void finds_two_answers_of_one_key_that_differ() {
        received(2, "b");
        history.add(new ChaosEvent.Answered(9, "7", "b", 3));
        assertThat(findings()).containsExactly("key b of 7 was answered with 2, and later with 3");
    }

    @Test
    void finds_a_key_that_is_stored_twice() {
        messages.add(new ChaosCheck.Message("7", 3, "b"));
        heads = Map.of("7", 3L);
        received(2, "b");
        received(3, "b");
        assertThat(findings()).containsExactly("key b is twice in the inbox of 7: at 2 and 3");
    }

    @Test
    void finds_a_gap_and_a_wrong_head() {
        messages.set(1, new ChaosCheck.Message("7", 3, "b"));
        history.set(7, new ChaosEvent.Answered(8, "7", "b", 3));
        assertThat(findings())
                .contains(
                        "inbox of 7: 2 messages from 1 to 3 (expected: 1 to their number, without a gap)",
                        "inbox of 7: its head says 2, its last message is 3");
    }

    @Test
    void finds_a_message_that_is_before_one_that_was_acknowledged_earlier() {
        messages.set(0, new ChaosCheck.Message("7", 1, "c"));
        messages.add(new ChaosCheck.Message("7", 3, "a"));
        heads = Map.of("7", 3L);
        history.clear();
        history.add(new ChaosEvent.Invoked(1, "7", "a"));
        history.add(new ChaosEvent.Invoked(2, "7", "b"));
        history.add(new ChaosEvent.Answered(3, "7", "b", 2));
        history.add(new ChaosEvent.Invoked(4, "7", "c"));
        history.add(new ChaosEvent.Answered(5, "7", "c", 1));
        received(1, "c");
        received(2, "b");
        received(3, "a");
        assertThat(findings())
                .containsExactly("key c of 7 is at 1 in the inbox, but was published after 2 was acknowledged");
    }

    @Test
    void finds_nothing_in_a_publish_that_is_tried_again_after_others_were_answered() {
        history.add(new ChaosEvent.Invoked(9, "7", "a"));
        history.add(new ChaosEvent.Answered(10, "7", "a", 1));
        received(2, "b");
        assertThat(findings()).isEmpty();
    }

    @Test
    void finds_a_device_that_applied_backwards() {
        history.remove(5);
        received(2, "b");
        received(1, "a");
        assertThat(findings()).containsExactly("device d0 of 7 applied 2 after 0 (skipped some)");
    }

    @Test
    void finds_each_device_that_is_wrong() {
        received(2, "b");
        assertThat(ChaosCheck.findings(
                        history, new ChaosCheck.Inbox(messages, heads), Map.of("d0", "7", "d1", "7", "d2", "7")))
                .containsExactly(
                        "device d1 of 7 applied messages up to 0, the inbox has 2",
                        "device d2 of 7 applied messages up to 0, the inbox has 2");
    }

    @Test
    void finds_what_nobody_published() {
        messages.add(new ChaosCheck.Message("7", 3, "c"));
        heads = Map.of("7", 3L);
        received(2, "b");
        received(3, "c");
        assertThat(findings()).containsExactly("key c is in the inbox of 7, but nobody published it");
    }

    @Test
    void finds_a_device_that_applied_twice() {
        received(1, "a");
        assertThat(findings()).containsExactly("device d0 of 7 applied 1 after 1 (again, or out of order)");
    }

    @Test
    void finds_a_device_that_skipped() {
        history.remove(5);
        received(2, "b");
        assertThat(findings()).containsExactly("device d0 of 7 applied 2 after 0 (skipped some)");
    }

    @Test
    void finds_a_device_that_was_not_given_all() {
        assertThat(findings()).containsExactly("device d0 of 7 applied messages up to 1, the inbox has 2");
    }

    @Test
    void finds_a_device_that_applied_what_is_not_in_the_inbox() {
        received(2, "x");
        assertThat(findings()).containsExactly("device d0 of 7 applied 2 with key x, the inbox has b there");
    }

    @Test
    void finds_a_device_that_applied_a_message_of_another_user() {
        history.add(new ChaosEvent.Received(9, "d0", "8", 2, "b"));
        assertThat(findings()).containsExactly("device d0 of 7 applied 2 of 8");
    }

    @Test
    void lines_of_a_history_are_read_as_they_were_written() throws JsonException {
        for (ChaosEvent event : history) {
            assertThat(ChaosEvent.parse(event.line())).isEqualTo(event);
        }
    }

    @Test
    void outages_are_the_longest_gaps_of_each_fault() {
        assertThat(ChaosReport.outages(history))
                .containsExactly(
                        new ChaosReport.Outage("before the first fault", 3, 4),
                        new ChaosReport.Outage("kill edge", 6, 5));
    }
}
