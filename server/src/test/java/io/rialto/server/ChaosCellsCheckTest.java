package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.JsonException;
import io.rialto.server.ChaosBooks.Account;
import io.rialto.server.ChaosBooks.Entry;
import io.rialto.server.ChaosBooks.Message;
import io.rialto.server.ChaosFinding.Kind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Users 1 and 2 begin with 100 each; 1 pays 2 ten and then five, of which the second payment has no answer. */
class ChaosCellsCheckTest {
    private final List<ChaosEvent> history = new ArrayList<>(List.of(
            new ChaosEvent.Paying(0, "1", "a", "2", 10),
            new ChaosEvent.Failed(1, "1", "a", "unavailable"),
            new ChaosEvent.Paid(2, "1", "a", "t1", false),
            new ChaosEvent.Asking(3, "1", "b"),
            new ChaosEvent.Told(4, "1", "b", 90),
            new ChaosEvent.Paying(5, "1", "c", "2", 5),
            new ChaosEvent.Failed(6, "1", "c", "unavailable")));
    private final List<Entry> entries = new ArrayList<>(List.of(
            new Entry("1", 1, "o1", "opening", 100, 100, ""),
            new Entry("1", 2, "t1", "debit", -10, 90, "a"),
            new Entry("2", 1, "o2", "opening", 100, 100, ""),
            new Entry("2", 2, "t1", "credit", 10, 110, "a")));
    private final List<Account> accounts = new ArrayList<>(List.of(new Account("1", 90, 2), new Account("2", 110, 2)));
    private final List<Message> messages =
            new ArrayList<>(List.of(new Message("1", 1, "t1:debit"), new Message("2", 1, "t1:credit")));

    private List<ChaosFinding> all() {
        return ChaosCellsCheck.findings(history, new ChaosBooks(accounts, entries, messages), List.of("1", "2"));
    }

    private List<Kind> kinds() {
        return all().stream().map(ChaosFinding::kind).distinct().toList();
    }

    @Test
    void finds_nothing_where_a_payment_without_an_answer_was_not_made() {
        assertThat(all()).isEmpty();
    }

    @Test
    void finds_nothing_where_a_payment_without_an_answer_was_made() {
        second();
        assertThat(all()).isEmpty();
    }

    private void second() {
        entries.add(new Entry("1", 3, "t2", "debit", -5, 85, "c"));
        entries.add(new Entry("2", 3, "t2", "credit", 5, 115, "c"));
        accounts.set(0, new Account("1", 85, 3));
        accounts.set(1, new Account("2", 115, 3));
        messages.add(new Message("1", 2, "t2:debit"));
        messages.add(new Message("2", 2, "t2:credit"));
    }

    @Test
    void finds_an_acknowledged_payment_that_is_gone() {
        entries.remove(3);
        entries.remove(1);
        accounts.set(0, new Account("1", 100, 1));
        accounts.set(1, new Account("2", 100, 1));
        messages.clear();
        assertThat(kinds()).containsExactly(Kind.LOST, Kind.NOT_LINEARIZABLE);
    }

    @Test
    void finds_an_acknowledged_payment_that_did_not_arrive_and_the_money_that_is_missing() {
        entries.remove(3);
        accounts.set(1, new Account("2", 100, 1));
        messages.remove(1);
        assertThat(kinds()).containsExactly(Kind.LOST, Kind.MONEY);
    }

    @Test
    void finds_a_payment_that_was_made_twice() {
        second();
        history.set(5, new ChaosEvent.Paying(5, "1", "c", "2", 10));
        entries.set(4, new Entry("1", 3, "t2", "debit", -10, 80, "a"));
        entries.set(5, new Entry("2", 3, "t2", "credit", 10, 120, "a"));
        accounts.set(0, new Account("1", 80, 3));
        accounts.set(1, new Account("2", 120, 3));
        // The second debit is also later than the answer, and than a read that did not see it.
        assertThat(kinds()).containsExactly(Kind.DOUBLED, Kind.NOT_LINEARIZABLE);
    }

    @Test
    void finds_a_payment_that_was_both_credited_and_refunded() {
        entries.add(new Entry("1", 3, "t1", "refund", 10, 100, "a"));
        accounts.set(0, new Account("1", 100, 3));
        messages.add(new Message("1", 2, "t1:refund"));
        assertThat(kinds()).containsExactly(Kind.DOUBLED, Kind.MONEY);
    }

    @Test
    void finds_two_answers_to_one_key_that_differ() {
        history.add(new ChaosEvent.Paid(7, "1", "a", "t9", false));
        assertThat(kinds()).containsExactly(Kind.DOUBLED);
    }

    @Test
    void finds_what_nobody_ordered_and_what_differs_from_the_order() {
        second();
        entries.set(5, new Entry("2", 3, "t2", "credit", 6, 116, "c"));
        accounts.set(1, new Account("2", 116, 3));
        assertThat(kinds()).containsExactly(Kind.DOUBLED, Kind.MONEY);
    }

    @Test
    void finds_entries_that_do_not_count_or_do_not_add_up() {
        entries.set(1, new Entry("1", 3, "t1", "debit", -10, 90, "a"));
        assertThat(kinds()).containsExactly(Kind.GAPS);
        entries.set(1, new Entry("1", 2, "t1", "debit", -10, 91, "a"));
        assertThat(kinds()).contains(Kind.GAPS);
    }

    @Test
    void finds_an_account_that_differs_from_its_entries_is_twice_or_gone() {
        accounts.set(0, new Account("1", 95, 2));
        assertThat(kinds()).containsExactly(Kind.GAPS, Kind.MONEY);
        accounts.set(0, new Account("2", 110, 2));
        assertThat(kinds()).containsExactly(Kind.DOUBLED, Kind.LOST, Kind.MONEY);
    }

    @Test
    void finds_messages_that_are_missing_twice_or_out_of_order() {
        messages.remove(1);
        assertThat(kinds()).containsExactly(Kind.GAPS);
        messages.add(new Message("2", 2, "t1:credit"));
        assertThat(kinds()).containsExactly(Kind.GAPS);
        messages.set(1, new Message("2", 1, "t1:credit"));
        messages.add(new Message("2", 2, "t1:credit"));
        assertThat(kinds()).containsExactly(Kind.GAPS);
    }

    @Test
    void finds_a_balance_from_before_a_payment_that_was_acknowledged_already() {
        history.set(4, new ChaosEvent.Told(4, "1", "b", 100));
        assertThat(kinds()).containsExactly(Kind.NOT_LINEARIZABLE);
    }

    @Test
    void finds_a_balance_from_after_a_payment_that_was_not_ordered_yet() {
        history.add(0, new ChaosEvent.Told(0, "1", "x", 90));
        history.add(0, new ChaosEvent.Asking(0, "1", "x"));
        assertThat(kinds()).containsExactly(Kind.NOT_LINEARIZABLE);
    }

    @Test
    void lets_a_read_that_overlaps_a_payment_see_either_balance() {
        for (long balance : new long[] {90, 100}) {
            history.set(0, new ChaosEvent.Asking(0, "1", "b"));
            history.set(1, new ChaosEvent.Paying(1, "1", "a", "2", 10));
            history.set(3, new ChaosEvent.Failed(3, "1", "z", "unavailable"));
            history.set(4, new ChaosEvent.Told(4, "1", "b", balance));
            assertThat(all()).as("balance " + balance).isEmpty();
        }
    }

    @Test
    void finds_a_read_that_goes_back_behind_an_earlier_read() {
        // A credit may come late; but once it was seen, it is there.
        history.add(new ChaosEvent.Asking(7, "2", "r"));
        history.add(new ChaosEvent.Told(8, "2", "r", 110));
        assertThat(all()).isEmpty();
        history.add(new ChaosEvent.Asking(9, "2", "s"));
        history.add(new ChaosEvent.Told(10, "2", "s", 100));
        assertThat(kinds()).containsExactly(Kind.NOT_LINEARIZABLE);
    }

    @Test
    void finds_a_credit_that_is_not_seen_though_the_answer_said_that_it_was_there() {
        history.add(new ChaosEvent.Asking(7, "2", "r"));
        history.add(new ChaosEvent.Told(8, "2", "r", 100));
        assertThat(all()).isEmpty();
        history.set(2, new ChaosEvent.Paid(2, "1", "a", "t1", true));
        assertThat(kinds()).containsExactly(Kind.NOT_LINEARIZABLE);
    }

    @Test
    void finds_entries_in_another_order_than_they_were_acknowledged() {
        second();
        history.add(new ChaosEvent.Paid(7, "1", "c", "t2", false));
        assertThat(all()).isEmpty();
        entries.set(1, new Entry("1", 2, "t2", "debit", -5, 95, "c"));
        entries.set(4, new Entry("1", 3, "t1", "debit", -10, 85, "a"));
        messages.set(0, new Message("1", 1, "t2:debit"));
        messages.set(2, new Message("1", 2, "t1:debit"));
        assertThat(kinds()).containsExactly(Kind.NOT_LINEARIZABLE);
    }

    @Test
    void takes_the_same_balance_at_two_times_for_either() {
        // 90 again after a refund of the second payment: which of the two was read, only time says.
        second();
        entries.set(5, new Entry("1", 4, "t2", "refund", 5, 90, "c"));
        entries.sort((one, other) -> one.user().equals(other.user())
                ? Long.compare(one.sequence(), other.sequence())
                : one.user().compareTo(other.user()));
        accounts.set(0, new Account("1", 90, 4));
        accounts.set(1, new Account("2", 110, 2));
        messages.set(3, new Message("1", 3, "t2:refund"));
        history.add(new ChaosEvent.Asking(7, "1", "r"));
        history.add(new ChaosEvent.Told(8, "1", "r", 85));
        history.add(new ChaosEvent.Asking(9, "1", "s"));
        history.add(new ChaosEvent.Told(10, "1", "s", 90));
        assertThat(all()).isEmpty();
        history.add(new ChaosEvent.Asking(11, "1", "t"));
        history.add(new ChaosEvent.Told(12, "1", "t", 85));
        assertThat(kinds()).containsExactly(Kind.NOT_LINEARIZABLE);
    }

    @Test
    void lines_of_a_history_are_read_as_they_were_written() throws JsonException {
        history.add(new ChaosEvent.Mover(7, "mover 0: move shard 1 to west"));
        for (ChaosEvent event : history) {
            assertThat(ChaosEvent.parse(event.line())).isEqualTo(event);
        }
    }

    @Test
    void waits_are_those_of_the_fault_that_a_payment_was_ordered_in() {
        history.add(1, new ChaosEvent.Fault(1, "kill edge of east"));
        assertThat(ChaosCellsCommand.waits(history)).containsOnlyKeys("before the first fault");
        history.add(0, new ChaosEvent.Fault(0, "kill wallet of east"));
        assertThat(ChaosCellsCommand.waits(history)).containsEntry("kill wallet of east", 2L);
    }
}
