package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.Caller;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.jdbc.core.simple.JdbcClient;

@Timeout(60)
final class WrittenTest {
    private static EmbeddedPostgres postgres;
    private static JdbcClient plain;

    private FencedTransactions transactions;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.builder().start();
        plain = JdbcClient.create(postgres.getPostgresDatabase());
        // The contract of a cell's database, as far as a backend sees it: users whose marker says "lost" are behind.
        plain.sql("""
                CREATE SCHEMA rialto;
                CREATE TABLE rialto.found (uid text, markers text);
                CREATE TABLE rialto.generation (generation int);
                CREATE FUNCTION rialto.fence(s int, e bigint) RETURNS void LANGUAGE sql AS 'SELECT';
                CREATE FUNCTION rialto.fence(s int, e bigint, u text, m text) RETURNS void LANGUAGE plpgsql AS $$
                BEGIN
                    IF m LIKE '%lost%' THEN
                        RAISE EXCEPTION 'user % is read-only', u USING ERRCODE = 'RL003';
                    END IF;
                END $$;
                CREATE FUNCTION rialto.find_behind(u text, m text) RETURNS boolean LANGUAGE sql AS
                    'INSERT INTO rialto.found VALUES (u, m) RETURNING true';
                CREATE FUNCTION rialto.written() RETURNS text LANGUAGE sql AS
                    'SELECT ''u-east;'' || max(generation) || '';'' || pg_current_wal_insert_lsn() FROM rialto.generation';
                CREATE TABLE row (n int PRIMARY KEY,
                    twin int REFERENCES row (n) DEFERRABLE INITIALLY DEFERRED)""").update();
    }

    @AfterAll
    static void stop() throws Exception {
        postgres.close();
    }

    @BeforeEach
    void open() {
        DataSource database = postgres.getPostgresDatabase();
        transactions = new FencedTransactions(database);
        plain.sql("TRUNCATE row, rialto.found, rialto.generation").update();
        plain.sql("INSERT INTO rialto.generation VALUES (3)").update();
    }

    private static Caller caller(@Nullable String user) {
        return Caller.builder("edge", "a.B/C", 1_000, 2_000)
                .device("phone")
                .user(user)
                .shard(7)
                .epoch(1)
                .build();
    }

    private static Written call(String user, String... headers) {
        return Written.of(caller(user), Collections.enumeration(List.of(headers)));
    }

    private int insert(int n, @Nullable Integer twin) {
        return transactions.write(
                caller("anna"),
                sql -> sql.sql("INSERT INTO row VALUES (?, ?)")
                        .param(n)
                        .param(twin)
                        .update());
    }

    /** The tag that markers of a user end with. */
    private static String tagged(String user, String marker) {
        Written call = call(user);
        call.serving(() -> {
            Written.saw(marker);
            return true;
        });
        return String.valueOf(call.marker(user));
    }

    @Test
    void says_how_far_the_log_had_come_after_the_commit() {
        Written call = call("anna");
        call.serving(() -> insert(1, null));
        String marker = String.valueOf(call.marker("anna"));
        String place = marker.split(";", -1)[2];
        assertThat(marker).startsWith("u-east;3;").isEqualTo(tagged("anna", "u-east;3;" + place));
        assertThat(plain.sql("SELECT ?::pg_lsn >= pg_current_wal_flush_lsn()")
                        .param(place)
                        .query(Boolean.class)
                        .single())
                .isTrue();
        assertThat(plain.sql("SELECT count(*) FROM row").query(Integer.class).single())
                .isEqualTo(1);
    }

    @Test
    void keeps_the_newest_marker_of_a_call() {
        Written call = call("anna");
        call.serving(() -> {
            Written.saw("u-east;2;F/F");
            Written.saw("u-east;3;1/0");
            Written.saw("u-east;3;0/FFFFFFFF");
            return true;
        });
        assertThat(call.newest()).isEqualTo("u-east;3;1/0");
    }

    @Test
    void says_nothing_where_nothing_was_written_or_nobody_would_keep_it() {
        Written read = call("anna");
        int rows = read.serving(() -> transactions.read(
                sql -> sql.sql("SELECT count(*) FROM row").query(Integer.class).single()));
        assertThat(rows).isZero();
        assertThat(read.marker("anna")).isNull();
        Caller backend = Caller.builder("wallet", "a.B/C", 1_000, 2_000)
                .user("anna")
                .shard(7)
                .epoch(1)
                .build();
        Written ofBackend = Written.of(backend, Collections.emptyEnumeration());
        ofBackend.serving(() -> insert(1, null));
        assertThat(ofBackend.marker("anna")).isNull();
        plain.sql("TRUNCATE rialto.generation").update();
        Written unkept = call("anna");
        unkept.serving(() -> insert(2, null));
        assertThat(unkept.marker("anna")).isNull();
    }

    @Test
    void takes_the_markers_of_its_own_user() {
        String anna = tagged("anna", "u-east;3;0/A");
        String bert = tagged("bert", "u-east;3;0/B");
        String global = tagged("anna", "u-global;1;0/C");
        assertThat(call("anna", bert + ", " + anna, global).brought()).isEqualTo("u-east;3;0/A,u-global;1;0/C");
        assertThat(call("bert", bert + "," + anna).brought()).isEqualTo("u-east;3;0/B");
        for (String wrong : List.of(
                "", "u-east", "u-east;3;0/A", anna + "x", ";" + anna, anna.replace("3", "x"), anna.repeat(100))) {
            assertThat(call("anna", wrong).brought()).as(wrong).isEmpty();
        }
        assertThat(call("anna", String.join(",", Collections.nCopies(50, anna)))
                        .brought()
                        .length())
                .isLessThan(500);
        assertThat(call("anna", "x".repeat(3_000) + "," + anna).brought()).isEmpty();
    }

    @Test
    void notes_a_user_who_is_found_behind_and_refuses_the_write() {
        String marker = tagged("anna", "u-lost;3;0/A");
        assertThatThrownBy(() -> call("anna", marker).serving(() -> insert(1, null)))
                .satisfies(
                        e -> assertThat(Failures.refusal(e, "a.B/C").reason()).isEqualTo("read_only"));
        assertThat(plain.sql("SELECT uid || ' ' || markers FROM rialto.found")
                        .query(String.class)
                        .list())
                .containsExactly("anna u-lost;3;0/A");
        assertThat(plain.sql("SELECT count(*) FROM row").query(Integer.class).single())
                .isZero();
    }

    @Test
    void looks_at_a_user_who_only_reads_once_another_server_is_known_to_have_taken_over() {
        String old = tagged("anna", "u-east;3;0/A");
        call("anna", old).serving(this::reads);
        assertThat(looks()).isZero();
        plain.sql("INSERT INTO rialto.generation VALUES (4)").update();
        call("bert").serving(() -> insert(1, null));
        Written call = call("anna", old);
        call.serving(this::reads);
        assertThat(looks()).isEqualTo(1);
        // With the new marker beside the old one it is not looked at again.
        call("anna", old + "," + call.marker("anna")).serving(this::reads);
        call("anna", tagged("anna", "u-west;1;0/A")).serving(this::reads);
        assertThat(looks()).isEqualTo(1);
    }

    private int reads() {
        plain.sql("CREATE TABLE IF NOT EXISTS rialto.fence (shard int, epoch bigint, state text, next text)")
                .update();
        plain.sql("INSERT INTO rialto.fence VALUES (7, 1, 'OPEN')").update();
        return transactions.read(
                caller("anna"),
                sql -> sql.sql("SELECT count(*) FROM row").query(Integer.class).single());
    }

    private static int looks() {
        return plain.sql("SELECT count(*) FROM rialto.found")
                .query(Integer.class)
                .single();
    }

    @Test
    void a_commit_that_the_database_refuses_did_nothing() {
        Written call = call("anna");
        assertThatThrownBy(() -> call.serving(() -> insert(1, 99)))
                .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("23503"));
        assertThat(call.marker("anna")).isNull();
        call.serving(() -> insert(1, null));
        assertThat(call.marker("anna")).isNotNull();
    }

    @Test
    void a_commit_of_a_transaction_that_is_broken_is_no_success() {
        Written call = call("anna");
        assertThatThrownBy(() -> call.serving(() -> transactions.write(caller("anna"), sql -> {
                    try {
                        return sql.sql("SELECT 1 / 0").query(Integer.class).single();
                    } catch (RuntimeException e) {
                        return 0;
                    }
                })))
                .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("25P02"));
        assertThat(call.marker("anna")).isNull();
        call.serving(() -> insert(1, null));
        assertThat(call.marker("anna")).isNotNull();
    }

    @Test
    void a_commit_whose_wait_for_a_standby_is_cancelled_has_no_marker() throws Exception {
        plain.sql("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (nobody)'")
                .update();
        plain.sql("SELECT pg_reload_conf()").query(Boolean.class).single();
        Written call = call("anna");
        FutureTask<Integer> commit =
                new FutureTask<>(() -> call.serving(() -> transactions.write(caller("anna"), sql -> {
                    sql.sql("SET LOCAL synchronous_commit = on").update();
                    return sql.sql("INSERT INTO row VALUES (1)").update();
                })));
        Thread.ofVirtual().start(commit);
        while (plain.sql("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                        .query(Integer.class)
                        .single()
                == 0) {
            LockSupport.parkNanos(1_000_000);
        }
        try {
            assertThatThrownBy(commit::get)
                    .isInstanceOf(ExecutionException.class)
                    .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("08007"));
            assertThat(call.marker("anna")).isNull();
        } finally {
            plain.sql("ALTER SYSTEM RESET synchronous_standby_names").update();
            plain.sql("SELECT pg_reload_conf()").query(Boolean.class).single();
        }
    }
}
