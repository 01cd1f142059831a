package io.rialto.server;

import io.rialto.node.postgres.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a fault test does inside of the transactions of backends, by what it adds to the databases. */
final class ChaosTransactions {
    /** A database that was killed just now reads its log first. */
    private static final int TRIES = 100;

    private static final int PAUSE_MILLIS = 100;

    private static final String PAUSES = """
            CREATE SCHEMA chaos;
            CREATE TABLE chaos.paused (percent int NOT NULL);
            INSERT INTO chaos.paused VALUES (0);
            CREATE FUNCTION chaos.pause() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = pg_catalog, pg_temp AS $$
            BEGIN
                IF random() * 100 < (SELECT percent FROM chaos.paused) THEN
                    PERFORM pg_sleep(0.3);
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER chaos_pause BEFORE INSERT ON wallet.entry
                FOR EACH ROW EXECUTE FUNCTION chaos.pause()""";

    private final List<Database> cells;

    ChaosTransactions(List<Database> cells) {
        this.cells = List.copyOf(cells);
    }

    /** Makes ready for pauses, of which there are none yet; the wallet's tables must be there. */
    void prepare() throws SQLException, InterruptedException {
        everywhere(PAUSES);
    }

    /** From now on so many in a hundred entries of the ledger stop for 300 ms inside of their transactions. */
    void pause(int percent) throws SQLException, InterruptedException {
        everywhere("UPDATE chaos.paused SET percent = " + percent);
    }

    private void everywhere(String sql) throws SQLException, InterruptedException {
        for (Database cell : cells) {
            for (int attempt = 1; !ran(cell, sql, attempt == TRIES); attempt++) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        }
    }

    private static boolean ran(Database cell, String sql, boolean last) throws SQLException {
        try (Connection connection = cell.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return true;
        } catch (SQLException e) {
            if (last) {
                throw e;
            }
            return false;
        }
    }
}
