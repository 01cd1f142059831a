package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.Stored;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A publish is answered by its commit, and by nothing before it. */
@Timeout(60)
class CommitTest {
    @TempDir
    static Path directory;

    private static PostgresServer server;

    @BeforeAll
    static void start() throws Exception {
        server = Cell.start(directory);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    /** What a publish is answered whose transaction is cut. */
    private static Stored cutAt(CuttingProxy.Cut cut) throws Exception {
        try (Cell cell = Cell.of(server, cut.name().toLowerCase(Locale.ROOT));
                CuttingProxy proxy = new CuttingProxy(server.port());
                Database database = Database.open(
                        new DatabaseAddress(
                                cell.address.url().replace(":" + server.port() + "/", ":" + proxy.port() + "/"),
                                cell.address.user(),
                                cell.address.password()),
                        "cut",
                        2,
                        Duration.ofSeconds(5));
                PostgresInbox inbox = cell.node(database, PostgresInbox.Settings.standard())) {
            proxy.next.set(cut);
            Stored stored = Cell.get(inbox.publish(Cell.message("ann", "k")));
            assertThat(proxy.next.get()).as("it was cut").isEqualTo(CuttingProxy.Cut.NOWHERE);
            assertThat(cell.number("SELECT count(*) FROM inbox.message")).isEqualTo(1);
            return stored;
        }
    }

    @Test
    void a_transaction_that_did_not_arrive_is_made_again() throws Exception {
        assertThat(cutAt(CuttingProxy.Cut.BEFORE_COMMIT)).isEqualTo(new Stored(1, false));
    }

    @Test
    void a_commit_whose_answer_was_lost_is_found_by_its_key() throws Exception {
        assertThat(cutAt(CuttingProxy.Cut.AFTER_COMMIT)).isEqualTo(new Stored(1, true));
    }

    @Test
    void a_commit_with_a_warning_is_not_certain() throws Exception {
        try (Cell cell = Cell.of(server, "warning");
                PostgresInbox inbox = cell.node()) {
            // A deferred trigger runs within the commit, as the wait for a standby does.
            cell.execute("CREATE FUNCTION inbox.warn() RETURNS trigger LANGUAGE plpgsql AS $$"
                    + " BEGIN IF NEW.key = 'k' THEN RAISE WARNING 'canceling wait for synchronous replication';"
                    + " END IF; RETURN NULL; END $$");
            cell.execute("CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON inbox.message DEFERRABLE INITIALLY DEFERRED"
                    + " FOR EACH ROW EXECUTE FUNCTION inbox.warn()");
            ProtocolException refusal = catchThrowableOfType(
                    ProtocolException.class, () -> Cell.get(inbox.publish(Cell.message("ann", "k"))));
            assertThat(refusal.reason()).isEqualTo(Reason.STORE_UNAVAILABLE);
            assertThat(Cell.get(inbox.publish(Cell.message("ann", "k")))).isEqualTo(new Stored(1, true));
            assertThat(Cell.get(inbox.publish(Cell.message("ann", "other")))).isEqualTo(new Stored(2, false));
        }
    }
}
