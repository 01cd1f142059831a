package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.InboxException;
import io.rialto.sync.Slice;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An inbox that took over without the newest messages, which devices have. */
@Timeout(60)
class TakeoversTest {
    private static final long FIRST = (4L << 32) + 1;

    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static int cells;

    private Cell cell;
    private PostgresInbox inbox;

    @BeforeAll
    static void start() throws Exception {
        server = Cell.start(directory);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() throws Exception {
        cell = Cell.of(server, "cell" + cells++);
        inbox = cell.node();
    }

    @AfterEach
    void close() {
        inbox.close();
        cell.close();
    }

    private long publish(String user, String key) throws Exception {
        return Cell.get(inbox.publish(Cell.message(user, key))).sequence();
    }

    private SyncKey has(String user, long sequence) {
        long id = inbox.highest(List.of(user)).getFirst().getFirst().inbox();
        return new SyncKey(Cell.TOPIC, false, id, sequence);
    }

    private void takeOver() throws Exception {
        cell.execute("INSERT INTO rialto.takeover (generation, previous, unit, position, reason)"
                + " VALUES (4, 3, 'u-east', '0/1000', ''); SELECT rialto.hold_behind()");
    }

    private boolean outran(String user, SyncKey key) {
        return inbox.outran(Cell.shard(user), user, key);
    }

    private List<String> read(String user, SyncKey after) {
        Batch batch = Cell.next(inbox, Cell.want(user, "phone", after));
        assertThat(batch.first()).isEqualTo(after.sequence() + 1);
        return batch.messages().stream().map(message -> message.id()).toList();
    }

    @Test
    void gives_no_sequence_again_that_a_device_may_have() throws Exception {
        publish("ann", "1");
        publish("ann", "2");
        takeOver();
        assertThat(publish("ann", "3")).isEqualTo(FIRST);
        assertThat(publish("ann", "4")).isEqualTo(FIRST + 1);
        assertThat(publish("ann", "3")).isEqualTo(FIRST);
        // One device had two messages more, another one is where the copy was; both miss nothing.
        assertThat(read("ann", has("ann", 4))).hasSize(2);
        assertThat(read("ann", has("ann", 2))).hasSize(2);
        assertThat(outran("ann", has("ann", 4))).isTrue();
        assertThat(publish("ann", "5")).isEqualTo(FIRST + 2);
    }

    @Test
    void finds_the_user_of_a_device_that_has_more_behind_and_lets_it_go_on() throws Exception {
        publish("ann", "1");
        takeOver();
        SyncKey key = has("ann", 3);
        assertThat(inbox.read(List.of(Cell.want("ann", "phone", key))).getFirst())
                .isInstanceOfSatisfying(
                        Slice.BadKey.class, bad -> assertThat(bad.future()).isTrue());
        assertThat(outran("ann", key)).isTrue();
        assertThat(cell.number("SELECT count(*) FROM rialto.behind WHERE uid = 'ann' AND marker = 'payments: 3'"))
                .isEqualTo(1);
        assertThat(read("ann", key)).isEmpty();
        publish("ann", "2");
        assertThat(read("ann", key)).hasSize(1);
        cell.execute("SELECT rialto.release_all()");
        assertThat(outran("ann", key)).isTrue();
        assertThat(cell.number("SELECT count(*) FROM rialto.behind")).isZero();
        assertThat(read("ann", key)).hasSize(1);
    }

    @Test
    void takes_no_key_for_one_of_before_that_nobody_can_have_given() throws Exception {
        publish("ann", "1");
        assertThat(outran("ann", has("ann", 3))).isFalse();
        takeOver();
        assertThat(outran("ann", has("ann", Long.MAX_VALUE))).isFalse();
        assertThat(outran("ann", has("ann", FIRST))).isFalse();
        assertThat(cell.number("SELECT last FROM inbox.head")).isEqualTo(1);
    }

    @Test
    void changes_nothing_where_the_shard_has_left() throws Exception {
        publish("ann", "1");
        SyncKey key = has("ann", 3);
        cell.execute("UPDATE rialto.fence SET state = 'CLOSED'");
        takeOver();
        assertThatThrownBy(() -> outran("ann", key)).isInstanceOf(InboxException.class);
        assertThat(cell.number("SELECT count(*) FROM rialto.behind")).isZero();
    }

    @Test
    void leaves_the_sequences_of_everyone_as_they_are() throws Exception {
        publish("", "1");
        takeOver();
        assertThat(publish("", "2")).isEqualTo(2);
    }

    @Test
    void goes_on_publishing_and_noting_for_a_user_behind() throws Exception {
        publish("ann", "1");
        takeOver();
        cell.execute("INSERT INTO rialto.behind (uid, marker) VALUES ('ann', 'tail')");
        assertThat(publish("ann", "2")).isEqualTo(FIRST);
        cell.execute("SELECT rialto.release('ann'); SELECT rialto.release_all()");
        // What was given stays given: the trigger of the heads is for good.
        assertThat(publish("ann", "3")).isEqualTo(FIRST + 1);
        publish("bert", "1");
        assertThat(publish("bert", "2")).isEqualTo(FIRST);
    }
}
