package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MessageCheckTest {
    private static final Map<String, List<String>> BOOKS =
            Map.of("1", List.of("2 a debit -5", "3 b credit 7"), "2", List.of("2 a credit 5"));
    private static final String RIGHT = """
            1 phone
            1 tablet
            2 phone
            1 phone 2 a debit -5
            2 phone 2 a credit 5
            1 tablet 2 a debit -5
            1 phone 3 b credit 7
            1 tablet 3 b credit 7
            """;

    @Test
    void finds_nothing_where_every_device_was_told_all_in_order() {
        assertThat(MessageCheck.findings(BOOKS, RIGHT)).isEmpty();
    }

    @Test
    void finds_a_message_that_a_device_did_not_get() {
        assertThat(MessageCheck.findings(BOOKS, RIGHT.replace("1 tablet 3 b credit 7\n", "")))
                .containsExactly(
                        "device tablet of user 1: 1 messages of 2; number 2 is: nothing" + " (expected: 3 b credit 7)");
    }

    @Test
    void finds_a_message_that_came_twice_or_out_of_order() {
        assertThat(MessageCheck.findings(BOOKS, RIGHT + "2 phone 2 a credit 5\n"))
                .hasSize(1);
        assertThat(MessageCheck.findings(BOOKS, "2 phone 2 a credit 5\n1 phone 3 b credit 7\n1 phone 2 a debit -5\n"))
                .hasSize(1);
    }

    @Test
    void finds_a_user_without_any_device_and_passes_over_a_line_that_is_still_written() {
        assertThat(MessageCheck.findings(BOOKS, RIGHT + "1 phone 9 c")).isEmpty();
        assertThat(MessageCheck.findings(BOOKS, "1 phone 2 a debit -5\n1 phone 3 b credit 7\n"))
                .containsExactly("user 2: no device was told anything");
    }
}
