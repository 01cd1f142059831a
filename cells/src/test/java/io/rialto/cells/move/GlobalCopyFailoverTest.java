package io.rialto.cells.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.failover.Keeper;
import io.rialto.cells.failover.Ledger;
import io.rialto.cells.failover.UnitServers;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresGroup;
import io.rialto.node.postgres.PostgresServer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The global unit fails over, and a copy goes on from its new primary. */
@Timeout(180)
class GlobalCopyFailoverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final SecureRandom random = new SecureRandom();

    @TempDir
    private Path directory;

    @Test
    void a_copy_is_made_anew_from_the_next_primary_and_versions_only_rise() throws Exception {
        try (PostgresGroup group = PostgresGroup.start(
                        directory.resolve("binaries"),
                        directory.resolve("global"),
                        2,
                        1,
                        "shop",
                        PostgresServer.Options.standard(),
                        random);
                PostgresServer copyServer = PostgresServer.start(
                        directory.resolve("binaries"),
                        directory.resolve("west"),
                        PostgresServer.Options.standard(),
                        random)) {
            LedgerOfOne ledger = new LedgerOfOne(UnitServers.first("u-global", "global", 1, group.members(), true));
            try (Keeper keeper = new Keeper(ledger, group)) {
                keeper.settle(PATIENCE);
                try (Database owner = GlobalCopyTest.database(group.address(), "global");
                        Database copy = GlobalCopyTest.database(copyServer.database("shop"), "west")) {
                    Keeper.migrate(owner);
                    keeper.start();
                    follows(ledger, group, new GlobalCopy("west", owner, copy, random), owner, copy);
                }
            }
        }
    }

    private static void follows(
            LedgerOfOne ledger, PostgresGroup group, GlobalCopy copies, Database owner, Database copy)
            throws Exception {
        assertThat(copies.keep().state()).isEqualTo(GlobalCopy.State.MADE);
        long before = 0;
        for (int i = 0; i < 20; i++) {
            before = GlobalCopyTest.write(owner);
        }
        long acknowledged = before;
        GlobalCopyTest.await(() -> GlobalCopyTest.version(copy) >= acknowledged);
        long generation = ledger.read().generation();
        long primary = group.server(ledger.read().primary()).orElseThrow().postmasterPid();
        ProcessHandle.of(primary).orElseThrow().destroyForcibly();
        GlobalCopyTest.await(() -> ledger.read().generation() > generation && writes(owner));
        long after = GlobalCopyTest.write(owner);
        assertThat(after).isGreaterThanOrEqualTo((generation + 1) << 40).isGreaterThan(acknowledged);
        GlobalCopyTest.await(() -> {
            try {
                return copies.keep().state() == GlobalCopy.State.MADE;
            } catch (SQLException notYet) {
                return false;
            }
        });
        assertThat(GlobalCopyTest.version(copy)).isGreaterThanOrEqualTo(after);
        long last = GlobalCopyTest.write(owner);
        GlobalCopyTest.await(() -> GlobalCopyTest.version(copy) >= last);
        assertThat(GlobalCopyTest.names(copy)).isEqualTo(GlobalCopyTest.names(owner));
    }

    /** Control's memory, in this process. */
    private static final class LedgerOfOne implements Ledger {
        private UnitServers unit;

        LedgerOfOne(UnitServers first) {
            unit = first;
        }

        @Override
        public synchronized UnitServers read() {
            return unit;
        }

        @Override
        public synchronized boolean replace(UnitServers before, UnitServers after) {
            if (!unit.equals(before)) {
                return false;
            }
            unit = after;
            return true;
        }
    }

    private static boolean writes(Database owner) {
        try {
            GlobalCopyTest.write(owner);
            return true;
        } catch (SQLException notYet) {
            return false;
        }
    }
}
