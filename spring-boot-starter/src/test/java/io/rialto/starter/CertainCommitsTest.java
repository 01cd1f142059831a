package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.Code;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@Timeout(60)
final class CertainCommitsTest {
    @Test
    void a_commit_whose_wait_for_a_standby_is_cancelled_is_unknown_and_not_done() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
            JdbcClient sql = JdbcClient.create(postgres.getPostgresDatabase());
            sql.sql("CREATE TABLE written (n int)").update();
            sql.sql("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (nobody)'")
                    .update();
            sql.sql("SELECT pg_reload_conf()").query(Boolean.class).single();
            DataSource database = postgres.getPostgresDatabase();
            TransactionTemplate writing = new TransactionTemplate(new CertainCommits(database));
            JdbcClient inside = JdbcClient.create(database);
            FutureTask<Integer> commit = new FutureTask<>(() -> writing.execute(status -> {
                inside.sql("SET LOCAL synchronous_commit = on").update();
                return inside.sql("INSERT INTO written VALUES (1)").update();
            }));
            Thread.ofVirtual().start(commit);
            while (sql.sql("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                            .query(Integer.class)
                            .single()
                    == 0) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThatThrownBy(commit::get)
                    .isInstanceOf(ExecutionException.class)
                    .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("08007"))
                    .satisfies(
                            e -> assertThat(Failures.refusal(e, "a.B/C").code()).isEqualTo(Code.UNAVAILABLE));
        }
    }

    @Test
    void a_server_that_goes_away_is_told_as_such_though_nothing_can_be_rolled_back() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
            DataSource database = postgres.getPostgresDatabase();
            TransactionTemplate writing = new TransactionTemplate(new CertainCommits(database));
            JdbcClient inside = JdbcClient.create(database);
            assertThatThrownBy(
                            () -> writing.execute(status -> inside.sql("SELECT pg_terminate_backend(pg_backend_pid())")
                                    .query(Boolean.class)
                                    .single()))
                    .satisfies(e -> assertThat(Failures.sqlState(e)).isEqualTo("57P01"))
                    .satisfies(
                            e -> assertThat(Failures.refusal(e, "a.B/C").code()).isEqualTo(Code.UNAVAILABLE));
        }
    }
}
