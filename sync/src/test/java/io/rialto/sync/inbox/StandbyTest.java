package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresGroup;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.Slice;
import io.rialto.sync.Stored;
import io.rialto.sync.Want;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cell whose database has a synchronous standby, both of them real: what is acknowledged is on both. */
@Timeout(120)
class StandbyTest {
    private static final String PRIMARY = "east";
    private static final String STANDBY = "east-2";
    private static final String MESSAGES = "SELECT count(*) FROM inbox.message";
    private static final String WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    /** What would be answered without the standby is answered in milliseconds. */
    private static final Duration UNANSWERED = Duration.ofSeconds(2);

    private static final PostgresInbox.Settings PATIENT =
            new PostgresInbox.Settings(1, 2, Duration.ofSeconds(60), Duration.ofSeconds(60), Duration.ofMinutes(10));

    @TempDir
    static Path directory;

    private static PostgresGroup group;
    private static int cells;

    private Cell cell;
    private PostgresInbox inbox;

    @BeforeAll
    static void start() throws Exception {
        group = PostgresGroup.start(
                directory.resolve("binaries"),
                directory.resolve(PRIMARY),
                1,
                1,
                "rialto",
                PostgresServer.Options.standard(),
                new SecureRandom());
        group.copy(STANDBY, PRIMARY, follow());
    }

    @AfterAll
    static void stop() {
        group.close();
    }

    private static Map<String, String> follow() throws Exception {
        return Map.of("primary_conninfo", group.connectionTo(STANDBY, PRIMARY));
    }

    private static void startStandby() throws Exception {
        group.restartAsStandby(STANDBY, follow());
    }

    private static void stopStandby() throws Exception {
        group.server(STANDBY).orElseThrow().close();
    }

    @BeforeEach
    void open() throws Exception {
        cell = Cell.of(group.server(PRIMARY).orElseThrow(), "standby" + cells++);
        inbox = cell.node(PATIENT);
        assertThat(Cell.get(inbox.publish(Cell.message("ann", "first")))).isEqualTo(new Stored(1, false));
    }

    @AfterEach
    void close() {
        inbox.close();
        cell.close();
    }

    /** At the standby, which may have flushed what it has not replayed yet. */
    private long atStandby() throws SQLException {
        DatabaseAddress there = group.address(STANDBY).orElseThrow();
        String url = there.url().substring(0, there.url().lastIndexOf('/'))
                + cell.address.url().substring(cell.address.url().lastIndexOf('/'));
        try (Connection connection = DriverManager.getConnection(url, there.user(), there.password());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(MESSAGES)) {
            row.next();
            return row.getLong(1);
        }
    }

    private void awaitOne(String count) throws SQLException {
        while (cell.number(count) != 1) {
            Thread.onSpinWait();
        }
    }

    private static void assertUnanswered(CompletableFuture<Stored> answer) {
        assertThatThrownBy(() -> answer.get(UNANSWERED.toMillis(), TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
    }

    @Test
    void what_is_answered_is_at_the_standby() throws Exception {
        assertThat(Cell.get(inbox.publish(Cell.message("ann", "second")))).isEqualTo(new Stored(2, false));
        while (atStandby() != 2) {
            Thread.onSpinWait();
        }
    }

    @Test
    void nothing_is_answered_while_the_standby_is_away() throws Exception {
        stopStandby();
        CompletableFuture<Stored> answer = inbox.publish(Cell.message("ann", "second"));
        awaitOne(WAITING);
        assertUnanswered(answer);
        startStandby();
        assertThat(Cell.get(answer)).isEqualTo(new Stored(2, false));
    }

    @Test
    void a_wait_that_was_cancelled_is_no_answer_and_neither_is_the_repetition_before_the_standby_has_it()
            throws Exception {
        stopStandby();
        CompletableFuture<Stored> answer = inbox.publish(Cell.message("ann", "second"));
        awaitOne(WAITING);
        awaitOne("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        ProtocolException refusal = catchThrowableOfType(ProtocolException.class, () -> Cell.get(answer));
        assertThat(refusal.reason()).isEqualTo(Reason.STORE_UNAVAILABLE);
        assertThat(refusal).hasMessageContaining("not known");
        assertThat(cell.number(MESSAGES)).as("here it is").isEqualTo(2);
        CompletableFuture<Stored> again = inbox.publish(Cell.message("ann", "second"));
        awaitOne(WAITING);
        assertUnanswered(again);
        startStandby();
        assertThat(Cell.get(again)).isEqualTo(new Stored(2, true));
        while (atStandby() != 2) {
            Thread.onSpinWait();
        }
    }

    @Test
    void what_the_standby_does_not_have_is_not_read() throws Exception {
        stopStandby();
        CompletableFuture<Stored> answer = inbox.publish(Cell.message("ann", "second"));
        awaitOne(WAITING);
        awaitOne("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        assertThatThrownBy(() -> Cell.get(answer)).hasMessageContaining("not known");
        assertThat(cell.number(MESSAGES)).as("here it is").isEqualTo(2);
        Want want = Cell.want("ann", "phone", Cell.NO_KEY);
        CompletableFuture<List<Slice>> read = CompletableFuture.supplyAsync(() -> inbox.read(List.of(want)));
        CompletableFuture<List<List<SyncKey>>> highest =
                CompletableFuture.supplyAsync(() -> inbox.highest(List.of("ann")));
        assertThatThrownBy(
                        () -> CompletableFuture.anyOf(read, highest).get(UNANSWERED.toMillis(), TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
        startStandby();
        assertThat(read.get().getFirst())
                .isInstanceOfSatisfying(
                        Slice.Next.class,
                        next -> assertThat(next.batch().messages()).hasSize(2));
        assertThat(highest.get().getFirst()).extracting(SyncKey::sequence).containsExactly(2L);
    }
}
