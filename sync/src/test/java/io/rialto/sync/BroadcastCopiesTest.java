package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.ProtocolException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BroadcastCopiesTest {
    private final TwoCells cells = new TwoCells();
    private final TwoCells.Edge east = cells.edge("east");
    private final TwoCells.Edge global = cells.edge("global");

    private void store(String topic, int count) {
        for (int i = 0; i < count; i++) {
            global.broadcasts.store(publication(topic, "k" + i), TwoCells.NOW.minusMillis(i));
        }
    }

    private static Publication publication(String topic, String key) {
        return new Publication(
                -1,
                0,
                "",
                topic,
                key,
                null,
                "{\"attribute\":\"user\",\"is\":\"1\"}",
                "text/plain",
                new byte[] {1, 2, 3},
                TwoCells.NOW.plusNanos(123_000),
                TwoCells.NOW.plusSeconds(5),
                new Versions(Versions.parse("1.2"), Versions.parse("2")),
                true,
                "c",
                3);
    }

    private void copyAll() throws ProtocolException {
        while (east.copies.round()) {
            // Until there is nothing more.
        }
    }

    @Test
    void a_copy_is_the_same_in_order() throws Exception {
        store("news", 50);
        store("payments", 1);
        copyAll();
        for (String topic : new String[] {"news", "payments"}) {
            assertThat(east.broadcasts.topics.get(topic))
                    .usingRecursiveComparison()
                    .isEqualTo(global.broadcasts.topics.get(topic));
        }
        assertThat(east.hintedTopics).contains("news", "payments");
    }

    @Test
    void a_copy_goes_on_where_it_was_and_asks_once_when_nothing_is_new() throws Exception {
        store("news", 3);
        copyAll();
        cells.calls.clear();
        east.hintedTopics.clear();
        assertThat(east.copies.round()).isFalse();
        assertThat(cells.calls).containsExactly("/rialto.Cells/Broadcasts");
        assertThat(east.hintedTopics).isEmpty();
        global.broadcasts.store(publication("news", "more"), TwoCells.NOW);
        copyAll();
        assertThat(east.broadcasts.highestBroadcast("news")).isEqualTo(4);
    }

    @Test
    void another_node_of_the_cell_does_no_harm() throws Exception {
        store("news", 40);
        copyAll();
        InboxPorts ports = new InboxPorts(
                "east",
                () -> TwoCells.TABLE,
                () -> east.config,
                east.inbox,
                east.traces,
                east.broadcasts,
                east.schedule,
                east,
                east,
                InboxMeters.NONE,
                () -> TwoCells.NOW,
                Runnable::run);
        try (BroadcastCopies other = new BroadcastCopies(ports, new java.util.Random(2))) {
            store("news", 5);
            while (other.round()) {
                // Until there is nothing more.
            }
        }
        copyAll();
        assertThat(east.broadcasts.topics.get("news"))
                .extracting(Broadcasts.Row::sequence)
                .containsExactlyElementsOf(
                        java.util.stream.LongStream.rangeClosed(1, 45).boxed().toList());
    }

    @Test
    void a_copy_of_another_inbox_stays_as_it_is() throws Exception {
        store("news", 3);
        global.broadcasts.inbox = 5;
        assertThat(east.copies.round()).isFalse();
        assertThat(east.broadcasts.topics).isEmpty();
    }

    @Test
    void the_global_cell_copies_nothing_and_an_absent_one_is_told() throws Exception {
        assertThat(global.copies.round()).isFalse();
        cells.away.add("global");
        assertThatThrownBy(east.copies::round).isInstanceOf(ProtocolException.class);
    }

    @Test
    void a_publish_to_everyone_is_copied_at_once() throws Exception {
        CountDownLatch copied = new CountDownLatch(1);
        east.onHintedTopic = copied::countDown;
        east.copies.start();
        try {
            global.broadcasts.store(publication("news", "k"), Instant.EPOCH);
            global.copies.stored("news");
            assertThat(copied.await(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            east.copies.close();
        }
        assertThat(global.hintedTopics).containsExactly("news");
        assertThat(cells.calls).contains("/rialto.Cells/BroadcastStored");
        assertThat(BroadcastCopies.POLL).isLessThanOrEqualTo(Duration.ofSeconds(2));
    }
}
