package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.sync.ServerFrame;
import io.rialto.sync.NodeFixture.FakeDevice;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Messages that a node has just stored itself, for devices of its own. */
final class FreshTest {
    private static final Topic PAYMENTS = NodeFixture.PAYMENTS;

    private final NodeFixture node = new NodeFixture();

    @Test
    void sends_what_was_stored_just_now_without_a_look_at_the_database() {
        node.publish("anna", PAYMENTS, 1);
        FakeDevice device = node.open("d1", "anna");
        int asked = node.inbox.asked;
        node.publishHere(node.message("anna", PAYMENTS));
        node.publishHere(node.message("anna", PAYMENTS));

        assertThat(device.sequences(PAYMENTS)).containsExactly(1L, 2L, 3L);
        assertThat(node.inbox.asked).isEqualTo(asked);
        assertThat(device.of(ServerFrame.Kind.BATCH).getLast().batch().end()).isEqualTo(node.key("anna", PAYMENTS, 3));
        device.acks(node.key("anna", PAYMENTS, 3));
        node.work();
        assertThat(node.inbox.cursors).containsEntry("d1/payments", 3L);
    }

    @Test
    void reads_what_was_stored_just_now_where_something_before_it_is_missing() {
        node.publish("anna", PAYMENTS, 1);
        FakeDevice device = node.open("d1", "anna");
        node.publish("anna", PAYMENTS, 1);
        node.publishHere(node.message("anna", PAYMENTS));
        assertThat(device.sequences(PAYMENTS)).containsExactly(1L);

        node.work();
        assertThat(device.sequences(PAYMENTS)).containsExactly(1L, 2L, 3L);
    }

    @Test
    void reads_what_was_stored_just_now_where_it_may_not_be_for_the_device_or_hides_another() {
        node.publish("anna", PAYMENTS, 1);
        node.open("d1", "anna");
        List<Publication> others = List.of(
                node.message("anna", PAYMENTS, "other", Versions.ALL, "", 1),
                node.message("anna", PAYMENTS, null, new Versions(5, 9), "", 1),
                node.message("anna", PAYMENTS, null, Versions.ALL, "balance", 1),
                node.message("anna", PAYMENTS, null, Versions.ALL, "", 2));
        for (Publication each : others) {
            int asked = node.inbox.asked;
            node.publishHere(each);
            node.work();
            assertThat(node.inbox.asked).as("%s", each).isEqualTo(asked + 1);
        }
    }

    @Test
    void keeps_what_was_stored_just_now_from_a_device_that_owes_too_much() {
        node.publish("anna", PAYMENTS, 40);
        FakeDevice device = node.open("d1", "anna");
        node.publishHere(node.message("anna", PAYMENTS));
        node.work();
        assertThat(device.sequences(PAYMENTS)).hasSize(40);

        device.acks(node.key("anna", PAYMENTS, 40));
        node.work();
        assertThat(device.sequences(PAYMENTS)).hasSize(41);
    }
}
