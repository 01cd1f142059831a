package io.rialto.sync.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.ProtocolException;
import io.rialto.sync.CellDatabase;
import io.rialto.sync.Hints;
import io.rialto.sync.InboxMeters;
import io.rialto.sync.Schedule.Scheduled;
import io.rialto.sync.ScheduledId;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PostgresScheduleTest {
    private static final long PAST = 1;
    private static final long FUTURE = Instant.parse("2100-01-01T00:00:00Z").toEpochMilli();
    private static final String USER = CellDatabase.user();

    @TempDir
    static Path directory;

    private static CellDatabase cell;
    private static ExecutorService blocking;

    private final List<String> hinted = Collections.synchronizedList(new ArrayList<>());
    private final PostgresSchedule schedule = node();

    private PostgresSchedule node() {
        return new PostgresSchedule(
                cell.database,
                "east",
                CellDatabase::table,
                cell.inbox,
                new Hints() {
                    @Override
                    public void stored(Collection<String> users) {
                        hinted.addAll(users);
                    }

                    @Override
                    public void storedForEveryone(String topic) {
                        hinted.add(topic);
                    }
                },
                InboxMeters.NONE,
                blocking,
                new Random(1));
    }

    @BeforeAll
    static void start() throws Exception {
        cell = new CellDatabase(directory);
        blocking = Executors.newVirtualThreadPerTaskExecutor();
    }

    @AfterAll
    static void stop() throws Exception {
        blocking.close();
        cell.close();
    }

    @BeforeEach
    void empty() throws Exception {
        cell.execute("TRUNCATE inbox.scheduled, inbox.message, inbox.head");
    }

    private static String keys() throws Exception {
        return cell.text("SELECT string_agg(key, ' ' ORDER BY sequence) FROM inbox.message");
    }

    private static void due(String due) throws Exception {
        cell.execute("UPDATE inbox.scheduled SET due = " + due + ", attempt = " + due);
    }

    @Test
    void a_message_waits_for_its_time_and_is_stored_then() throws Exception {
        Scheduled added =
                schedule.add(CellDatabase.message(USER, "k1"), FUTURE, "").join();
        assertThat(added.id().user()).isEqualTo(USER);
        assertThat(schedule.round()).isZero();
        due("now()");
        assertThat(schedule.round()).isEqualTo(1);
        assertThat(keys()).isEqualTo("k1");
        assertThat(hinted).containsExactly(USER);
        assertThat(schedule.round()).isZero();
        assertThat(cell.text("SELECT count(*) FROM inbox.scheduled")).isEqualTo("0");
    }

    @Test
    void a_repeated_key_gets_the_first_id() {
        Scheduled first =
                schedule.add(CellDatabase.message(USER, "k1"), FUTURE, "").join();
        Scheduled again =
                schedule.add(CellDatabase.message(USER, "k1"), FUTURE + 5, "").join();
        assertThat(again).isEqualTo(new Scheduled(first.id(), true));
    }

    @Test
    void a_cancelled_message_is_not_stored_and_does_not_come_back() throws Exception {
        ScheduledId id = schedule.add(CellDatabase.message(USER, "k1"), FUTURE, "")
                .join()
                .id();
        assertThat(schedule.cancel(id).join()).isTrue();
        due("now()");
        schedule.add(CellDatabase.message(USER, "k1"), PAST, "").join();
        assertThat(schedule.round()).isZero();
        assertThat(schedule.cancel(new ScheduledId("payments", 1, USER)).join()).isFalse();
    }

    @Test
    void each_occurrence_is_stored_once_though_a_node_dies_before_it_notes_it() throws Exception {
        schedule.add(CellDatabase.message(USER, "k"), PAST, "0 0 * * * UTC").join();
        due("'2026-03-01T00:00:00Z'");
        cell.inbox
                .publish(CellDatabase.message(
                        USER, "k@" + Instant.parse("2026-03-01T00:00:00Z").getEpochSecond()))
                .join();
        assertThat(schedule.round()).isEqualTo(1);
        assertThat(keys()).isEqualTo("k@1772323200");
        assertThat(hinted).isEmpty();
        assertThat(cell.text("SELECT due > now() AND due <= now() + interval '1 day' FROM inbox.scheduled"))
                .isEqualTo("t");
        due("'2026-03-02T00:00:00Z'");
        assertThat(schedule.round()).isEqualTo(1);
        assertThat(keys()).isEqualTo("k@1772323200 k@1772409600");
    }

    @Test
    void several_nodes_store_each_once() throws Exception {
        for (int i = 0; i < 100; i++) {
            schedule.add(CellDatabase.message(USER, "k" + i), FUTURE, "").join();
        }
        due("now()");
        List<PostgresSchedule> nodes = List.of(node(), node(), node());
        List<Future<Integer>> rounds =
                nodes.stream().map(node -> blocking.submit(node::round)).toList();
        int looked = 0;
        for (Future<Integer> round : rounds) {
            looked += round.get();
        }
        assertThat(looked).isEqualTo(100);
        assertThat(cell.text("SELECT count(*) FROM inbox.message")).isEqualTo("100");
        assertThat(hinted).hasSize(100);
    }

    @Test
    void what_cannot_be_stored_is_tried_later() throws Exception {
        schedule.add(CellDatabase.message(USER, "k1"), FUTURE, "").join();
        due("now()");
        cell.execute("UPDATE rialto.fence SET epoch = epoch + 1"); // which this node has not been told yet
        try {
            assertThat(schedule.round()).isEqualTo(1);
            assertThat(cell.text("SELECT attempt > now() FROM inbox.scheduled")).isEqualTo("t");
        } finally {
            cell.execute("UPDATE rialto.fence SET epoch = epoch - 1");
        }
        cell.execute("UPDATE inbox.scheduled SET attempt = now()");
        assertThat(schedule.round()).isEqualTo(1);
        assertThat(keys()).isEqualTo("k1");
    }

    @Test
    void nothing_is_added_cancelled_or_noted_while_the_shard_is_closed() throws Exception {
        Scheduled added =
                schedule.add(CellDatabase.message(USER, "k1"), FUTURE, "").join();
        due("now()");
        String before = cell.text("SELECT scheduled::text FROM inbox.scheduled");
        cell.execute("UPDATE rialto.fence SET state = 'CLOSED'");
        try {
            assertThat(schedule.round()).isZero();
            assertThatThrownBy(() -> schedule.cancel(added.id()).join())
                    .hasCauseInstanceOf(ProtocolException.class)
                    .hasMessageContaining("shard");
            assertThatThrownBy(() -> schedule.add(CellDatabase.message(USER, "k2"), FUTURE, "")
                            .join())
                    .hasCauseInstanceOf(ProtocolException.class)
                    .hasMessageContaining("shard");
            assertThat(cell.text("SELECT scheduled::text FROM inbox.scheduled")).isEqualTo(before);
        } finally {
            cell.execute("UPDATE rialto.fence SET state = 'OPEN' WHERE shard < 5 AND shard >= 0");
        }
        assertThat(schedule.round()).isEqualTo(1);
        assertThat(keys()).isEqualTo("k1");
    }
}
