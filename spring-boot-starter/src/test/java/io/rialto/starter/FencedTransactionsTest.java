package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

final class FencedTransactionsTest {
    private static EmbeddedPostgres postgres;
    private static JdbcClient plain;
    private static FencedTransactions transactions;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.builder().start();
        DataSource database = postgres.getPostgresDatabase();
        plain = JdbcClient.create(database);
        transactions = new FencedTransactions(database);
        // The contract of a cell's database, as far as a backend sees it.
        plain.sql("""
                CREATE SCHEMA rialto;
                CREATE TABLE rialto.fence (shard int PRIMARY KEY, epoch bigint NOT NULL, state text NOT NULL, next text);
                CREATE FUNCTION rialto.fence(s int, e bigint) RETURNS void LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM FROM rialto.fence f WHERE f.shard = s AND f.epoch = e AND f.state = 'OPEN' FOR SHARE;
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'shard % is not open at epoch %', s, e USING ERRCODE = 'RL001', DETAIL =
                            coalesce((SELECT 'next=' || f.next || ';epoch=' || f.epoch FROM rialto.fence f WHERE f.shard = s), '');
                    END IF;
                END $$;
                CREATE TABLE counter (id int PRIMARY KEY, value int NOT NULL)""").update();
    }

    @AfterAll
    static void stop() throws Exception {
        postgres.close();
    }

    @BeforeEach
    void open() {
        plain.sql("TRUNCATE rialto.fence, counter").update();
        plain.sql("INSERT INTO rialto.fence VALUES (7, 3, 'OPEN', NULL), (8, 5, 'CLOSED', 'west')")
                .update();
        plain.sql("INSERT INTO counter VALUES (1, 0), (2, 0)").update();
    }

    private static int add(JdbcClient sql, int id) {
        return sql.sql("UPDATE counter SET value = value + 1 WHERE id = ?")
                .param(id)
                .update();
    }

    private static int value(int id) {
        return plain.sql("SELECT value FROM counter WHERE id = ?")
                .param(id)
                .query(Integer.class)
                .single();
    }

    private static Caller caller(int shard, long epoch) {
        return Caller.builder("edge", "a.B/C", 1_000, 2_000)
                .shard(shard)
                .epoch(epoch)
                .build();
    }

    @Test
    void writes_in_an_open_shard_at_its_epoch() {
        int rows = transactions.write(caller(7, 3), sql -> add(sql, 1));
        assertThat(rows).isEqualTo(1);
        assertThat(value(1)).isEqualTo(1);
    }

    @Test
    void refuses_writers_of_another_epoch_and_of_a_closed_shard() {
        for (Caller late : new Caller[] {caller(7, 2), caller(7, 4), caller(8, 4), caller(9, 1)}) {
            assertThatThrownBy(() -> transactions.write(late, sql -> add(sql, 1)))
                    .satisfies(e -> assertThat(FencedTransactions.isFenced(e)).isTrue())
                    .satisfies(e ->
                            assertThat(Failures.refusal(e, "a.B/C").reason()).isEqualTo("fenced"));
        }
        assertThat(value(1)).isZero();
    }

    @Test
    void a_pressure_test_writes_and_reads_shadow_tables_only() {
        plain.sql("INSERT INTO rialto.fence VALUES (-1007, 1, 'OPEN')").update();
        Caller shadow = caller(-1007, 1);
        assertThatThrownBy(() -> transactions.write(shadow, sql -> add(sql, 1)))
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.reason()).isEqualTo("no_shadow"));
        plain.sql("CREATE SCHEMA public_shadow; CREATE TABLE public_shadow.counter (LIKE counter);"
                        + " INSERT INTO public_shadow.counter VALUES (1, 40)")
                .update();
        try {
            int rows = PressureTest.serving(shadow, () -> transactions.write(shadow, sql -> add(sql, 1)));
            assertThat(rows).isEqualTo(1);
            int seen = PressureTest.serving(
                    shadow,
                    () -> transactions.read(sql -> sql.sql("SELECT value FROM counter WHERE id = 1")
                            .query(Integer.class)
                            .single()));
            assertThat(seen).isEqualTo(41);
            // A worker, whom no call has marked.
            transactions.write(-1007, 1, sql -> add(sql, 1));
            assertThat(value(1)).isZero();
            transactions.write(7, 3, sql -> add(sql, 1));
            assertThat(value(1)).isEqualTo(1);
        } finally {
            plain.sql("DROP SCHEMA public_shadow CASCADE").update();
        }
    }

    @Test
    void a_pressure_test_cannot_touch_a_real_shard_nor_a_real_call_a_shadow() throws Exception {
        Caller shadow = caller(-1007, 1);
        assertThatThrownBy(() -> PressureTest.serving(shadow, () -> transactions.write(7, 3, sql -> add(sql, 1))))
                .hasMessageContaining("shard: 7 in a pressure test");
        assertThatThrownBy(() ->
                        PressureTest.serving(caller(7, 3), () -> transactions.write(shadow, sql -> add(sql, 1))))
                .hasMessageContaining("shard: -1007 in a call of real traffic");
        Runnable carried = PressureTest.serving(
                shadow, () -> PressureTest.carry(() -> transactions.write(7, 3, sql -> add(sql, 1))));
        assertThatThrownBy(carried::run).hasMessageContaining("in a pressure test");
        assertThat(value(1)).isZero();
    }

    @Test
    void a_closed_shard_says_where_it_goes_and_at_which_epoch() {
        Caller late = caller(8, 4);
        assertThatThrownBy(() -> transactions.write(late, sql -> add(sql, 1)))
                .satisfies(e -> assertThat(Failures.next(e)).isEqualTo("west;5"));
        assertThatThrownBy(() -> transactions.read(late, sql -> value(1)))
                .satisfies(e -> assertThat(Failures.next(e)).isEqualTo("west;5"));
        assertThatThrownBy(() -> transactions.write(caller(9, 1), sql -> add(sql, 1)))
                .satisfies(e -> assertThat(Failures.next(e)).isNull());
    }

    @Test
    void reads_what_is_current_where_the_shard_is_open_at_the_epoch_of_the_call_only() {
        assertThat(transactions.<Integer>read(caller(7, 3), sql -> value(1))).isZero();
        for (Caller late : new Caller[] {caller(7, 2), caller(7, 4), caller(8, 4), caller(9, 1)}) {
            assertThatThrownBy(() -> transactions.read(late, sql -> value(1)))
                    .hasMessageContaining("(expected: OPEN at epoch " + late.epoch() + ")")
                    .satisfies(e -> assertThat(FencedTransactions.isFenced(e)).isTrue());
        }
        assertThatThrownBy(() -> transactions.read(caller(7, 3), sql -> add(sql, 1)))
                .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("25006"));
    }

    @Test
    void what_is_read_as_current_is_of_one_moment_though_the_shard_closes_meanwhile() {
        int seen = transactions.read(caller(7, 3), sql -> {
            // Elsewhere, between the look at the fence and the rows: the shard leaves, and its rows change.
            CompletableFuture.runAsync(() -> {
                        plain.sql("UPDATE rialto.fence SET state = 'RETIRED' WHERE shard = 7")
                                .update();
                        plain.sql("UPDATE counter SET value = 9 WHERE id = 1").update();
                    })
                    .join();
            return sql.sql("SELECT value FROM counter WHERE id = 1")
                    .query(Integer.class)
                    .single();
        });
        assertThat(seen).isZero();
        assertThat(value(1)).isEqualTo(9);
    }

    @Test
    void lets_nobody_write_while_reading() {
        assertThatThrownBy(() -> transactions.read(sql -> add(sql, 1)))
                .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("25006"));
        assertThat(value(1)).isZero();
    }

    @Test
    void holds_a_closing_shard_back_until_commit() throws Exception {
        CountDownLatch written = new CountDownLatch(1);
        CountDownLatch commit = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> writer = threads.submit(() -> transactions.write(7, 3, sql -> {
                int rows = add(sql, 1);
                written.countDown();
                try {
                    commit.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return rows;
            }));
            written.await();
            assertThatThrownBy(() -> plain.sql(
                                    "BEGIN; SET LOCAL lock_timeout = '50ms'; UPDATE rialto.fence SET state = 'CLOSED' WHERE shard = 7; COMMIT")
                            .update())
                    .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("55P03"));
            commit.countDown();
            assertThat(writer.get()).isEqualTo(1);
        }
    }

    @Test
    void repeats_a_transaction_that_lost_a_deadlock() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> one = threads.submit(() -> transactions.write(7, 3, sql -> crossing(sql, both, 1, 2)));
            Future<?> two = threads.submit(() -> transactions.write(7, 3, sql -> crossing(sql, both, 2, 1)));
            one.get();
            two.get();
        }
        assertThat(value(1)).isEqualTo(2);
        assertThat(value(2)).isEqualTo(2);
    }

    private static int crossing(JdbcClient sql, CountDownLatch both, int first, int second) {
        add(sql, first);
        both.countDown();
        try {
            both.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return add(sql, second);
    }

    @Test
    void refuses_a_call_that_was_not_located() {
        Caller nowhere = Caller.builder("edge", "a.B/C", 1_000, 2_000).build();
        assertThatThrownBy(() -> transactions.write(nowhere, sql -> add(sql, 1)))
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT));
    }
}
