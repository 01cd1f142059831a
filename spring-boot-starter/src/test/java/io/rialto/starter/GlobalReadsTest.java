package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.Caller;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

final class GlobalReadsTest {
    private static final String OWNER = "from the owner";

    private static EmbeddedPostgres postgres;
    private static JdbcClient plain;
    private static FencedTransactions transactions;

    private final AtomicInteger asked = new AtomicInteger();

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.builder().start();
        DataSource database = postgres.getPostgresDatabase();
        plain = JdbcClient.create(database);
        transactions = new FencedTransactions(database);
        // The contract of a cell's database, as far as a backend sees it.
        plain.sql("""
                CREATE SCHEMA rialto;
                CREATE FUNCTION rialto.fence(s int, e bigint) RETURNS void LANGUAGE sql AS 'SELECT';
                CREATE TABLE rialto.global_version (shard int PRIMARY KEY, version bigint NOT NULL);
                CREATE FUNCTION rialto.global_version() RETURNS bigint LANGUAGE sql AS
                    'SELECT version FROM rialto.global_version';
                CREATE FUNCTION rialto.next_global_version() RETURNS bigint LANGUAGE sql AS
                    'INSERT INTO rialto.global_version AS v VALUES (-1, 1)
                     ON CONFLICT (shard) DO UPDATE SET version = v.version + 1 RETURNING version';
                CREATE TABLE handle (name text PRIMARY KEY)""").update();
    }

    @AfterAll
    static void stop() throws Exception {
        postgres.close();
    }

    @BeforeEach
    void empty() {
        plain.sql("TRUNCATE rialto.global_version, handle").update();
    }

    private static void arrive(long version, String name) {
        plain.sql("WITH row AS (INSERT INTO handle VALUES (?)) INSERT INTO rialto.global_version VALUES (-1, ?)"
                        + " ON CONFLICT (shard) DO UPDATE SET version = excluded.version")
                .params(name, version)
                .update();
    }

    private static Caller caller() {
        return Caller.builder("edge", "a.B/C", 1_000, 2_000).build();
    }

    private static <T> T serving(long seen, ScopedValue.CallableOp<T, RuntimeException> call) {
        return PressureTest.serving(caller(), new AtomicLong(seen), call);
    }

    private String find() {
        return transactions.readGlobal(GlobalReadsTest::names, () -> {
            asked.incrementAndGet();
            return OWNER;
        });
    }

    private static String names(JdbcClient sql) {
        return String.join(
                ",",
                sql.sql("SELECT name FROM handle ORDER BY name")
                        .query(String.class)
                        .list());
    }

    @Test
    void reads_a_copy_that_has_what_the_call_has_seen() {
        arrive(7, "ann");
        assertThat(serving(0, this::find)).isEqualTo("ann");
        assertThat(serving(7, this::find)).isEqualTo("ann");
        assertThat(find()).isEqualTo("ann");
        assertThat(asked).hasValue(0);
    }

    @Test
    void waits_for_a_copy_that_is_behind() throws Exception {
        arrive(6, "ann");
        FencedTransactions patient = new FencedTransactions(postgres.getPostgresDatabase(), Duration.ofSeconds(60));
        FutureTask<String> reading =
                new FutureTask<>(() -> serving(8, () -> patient.readGlobal(GlobalReadsTest::names, () -> OWNER)));
        Thread.ofVirtual().start(reading);
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (patient.copyWaits() == 0) {
            assertThat(System.nanoTime()).isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
        arrive(7, "bob");
        arrive(8, "cem");
        assertThat(reading.get()).isEqualTo("ann,bob,cem");
    }

    @Test
    void asks_the_owner_where_the_copy_stays_behind_or_there_is_none() {
        assertThat(serving(0, this::find)).isEqualTo(OWNER);
        arrive(6, "ann");
        assertThat(serving(8, this::find)).isEqualTo(OWNER);
        assertThat(asked).hasValue(2);
    }

    @Test
    void a_pressure_test_asks_the_owner_as_copies_are_of_real_data() {
        arrive(6, "ann");
        Caller shadow = Caller.builder("edge", "a.B/C", 1_000, 2_000)
                .shard(-1007)
                .epoch(1)
                .build();
        assertThat(PressureTest.<String, RuntimeException>serving(shadow, new AtomicLong(), this::find))
                .isEqualTo(OWNER);
    }

    @Test
    void the_owner_refuses_a_version_that_it_never_gave() {
        arrive(6, "ann");
        assertThat(serving(6, () -> transactions.readGlobal(GlobalReadsTest::names)))
                .isEqualTo("ann");
        assertThatThrownBy(() -> serving(7, () -> transactions.readGlobal(GlobalReadsTest::names)))
                .isInstanceOfSatisfying(
                        OperationException.class, e -> assertThat(e.reason()).isEqualTo("copy_behind"));
    }

    @Test
    void a_write_of_global_data_is_seen_by_what_comes_after_it_in_the_call() {
        long seen = serving(0, () -> {
            transactions.write(
                    -1, 1, sql -> sql.sql("INSERT INTO handle VALUES ('ann')").update());
            assertThat(find()).isEqualTo("ann");
            return GlobalVersion.seen();
        });
        assertThat(seen).isEqualTo(1);
        seen = serving(0, () -> {
            transactions.write(
                    7, 1, sql -> sql.sql("INSERT INTO handle VALUES ('bob')").update());
            return GlobalVersion.seen();
        });
        assertThat(seen).isZero();
        assertThatThrownBy(() -> serving(
                        0,
                        () -> transactions.write(-1, 1, sql -> {
                            throw new IllegalStateException("no");
                        })))
                .isInstanceOf(IllegalStateException.class);
        assertThat(plain.sql("SELECT version FROM rialto.global_version")
                        .query(Long.class)
                        .single())
                .isEqualTo(1);
    }

    @Test
    void a_thread_that_work_is_handed_to_knows_the_version() throws Exception {
        AtomicLong there = new AtomicLong();
        Thread other = serving(5, () -> {
            Runnable carried = PressureTest.carry(() -> there.set(GlobalVersion.seen()));
            return Thread.ofVirtual().start(carried);
        });
        other.join();
        assertThat(there).hasValue(5);
    }
}
