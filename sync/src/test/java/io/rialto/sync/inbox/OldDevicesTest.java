package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.postgres.PostgresServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OldDevicesTest {
    private static void device(Cell cell, int shard, String user, String age) throws Exception {
        cell.execute("INSERT INTO inbox.device (shard, uid, device, app, version, locale, platform, push_vendor,"
                + " push_token, time_zone, seen) VALUES (" + shard + ", '" + user
                + "', 'phone', 'wallet', 5, '', '', '', '', '', now() - interval '" + age + "')");
        cell.execute("INSERT INTO inbox.cursor VALUES (" + shard + ", '" + user + "', 'phone', 't', false, 1, now())");
    }

    @Test
    void a_device_that_was_not_seen_for_more_than_a_year_is_forgotten_where_its_shard_is_open(@TempDir Path directory)
            throws Exception {
        try (PostgresServer server = Cell.start(directory);
                Cell cell = Cell.of(server, "old");
                PostgresInbox inbox = cell.node()) {
            // More than a page, so that the walk goes on where it was and then begins anew.
            cell.execute("INSERT INTO inbox.device (shard, uid, device, app, version, locale, platform, push_vendor,"
                    + " push_token, time_zone, seen) SELECT 1, 'a' || n, 'd', 'wallet', 5, '', '', '', '', '', now()"
                    + " FROM generate_series(1, 1000) n");
            device(cell, 1, "old", "401 days");
            device(cell, 2, "moving", "401 days");
            device(cell, 1, "recent", "399 days");
            cell.execute("UPDATE rialto.fence SET state = 'CLOSED' WHERE shard = 2");
            String gone = "SELECT count(*) FROM inbox.device WHERE uid = 'old'";
            inbox.tidy();
            assertThat(cell.number(gone)).isEqualTo(1);
            inbox.tidy();
            assertThat(cell.number(gone)).isZero();
            assertThat(cell.number("SELECT count(*) FROM inbox.cursor")).isEqualTo(2);
            assertThat(cell.number("SELECT count(*) FROM inbox.device")).isEqualTo(1_002);
            cell.execute("UPDATE rialto.fence SET state = 'OPEN' WHERE shard = 2");
            inbox.tidy();
            inbox.tidy();
            assertThat(cell.number("SELECT count(*) FROM inbox.device")).isEqualTo(1_001);
        }
    }
}
