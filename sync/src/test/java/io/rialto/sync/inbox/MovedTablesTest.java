package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.postgres.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class MovedTablesTest {
    @Test
    void what_is_a_users_moves_with_the_user_and_what_is_the_cells_own_stays(@TempDir Path directory) throws Exception {
        try (PostgresServer server = Cell.start(directory);
                Cell cell = Cell.of(server, "moved");
                PostgresInbox inbox = cell.node()) {
            String moved = "FROM rialto.carried WHERE schema = 'inbox'";
            assertThat(inbox).isNotNull();
            assertThat(text(cell, "SELECT string_agg(\"table\", ' ' ORDER BY \"table\") " + moved + " AND identified"))
                    .isEqualTo("cursor device head message receipt scheduled wake webhook_event");
            assertThat(cell.number("SELECT count(*) " + moved)).isEqualTo(8);
            assertThat(cell.number("SELECT count(*) FROM rialto.owned WHERE schema = 'inbox' AND user_column = 'uid'"
                            + " AND \"table\" IN (SELECT \"table\" " + moved + ")"))
                    .isEqualTo(8);
            assertThat(text(
                            cell,
                            "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c"
                                    + " WHERE c.relnamespace = 'inbox'::regnamespace AND c.relkind = 'r'"
                                    + " AND c.oid NOT IN (SELECT name FROM rialto.carried)"))
                    .contains("expiry_mark")
                    .contains("wake_everyone")
                    .contains("wake_mark");
        }
    }

    private static String text(Cell cell, String sql) throws SQLException {
        try (Connection connection = cell.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
