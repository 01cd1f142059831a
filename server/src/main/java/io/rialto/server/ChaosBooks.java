package io.rialto.server;

import io.rialto.node.postgres.Database;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the databases of all cells hold in the end, each row from the cell that has its shard open.
 *
 * @param entries in the order of their sequences for each user
 * @param messages in the order of their sequences for each user
 */
record ChaosBooks(List<Account> accounts, List<Entry> entries, List<Message> messages) {
    private static final Logger LOG = LoggerFactory.getLogger(ChaosBooks.class);
    private static final String OPEN = " x JOIN rialto.fence f ON f.shard = x.shard AND f.state = 'OPEN' ";

    ChaosBooks {
        accounts = List.copyOf(accounts);
        entries = List.copyOf(entries);
        messages = List.copyOf(messages);
    }

    /** @param sequence of its last entry */
    record Account(String user, long balance, long sequence) {}

    /**
     * One line of the ledger.
     *
     * @param leg opening, debit, credit or refund
     * @param amount added to the account
     * @param balance of the account after it
     * @param key of the payment that it is of; empty at opening
     */
    record Entry(String user, long sequence, String transfer, String leg, long amount, long balance, String key) {}

    /** What is in the inbox of a user about an entry. */
    record Message(String user, long sequence, String key) {}

    /** A database that was failed over just now ends connections. */
    private static final int TRIES = 20;

    private static final int PAUSE_MILLIS = 500;

    static ChaosBooks read(List<Database> cells) throws SQLException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return readOnce(cells);
            } catch (SQLException e) {
                if (attempt == TRIES) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        }
    }

    private static ChaosBooks readOnce(List<Database> cells) throws SQLException {
        List<Account> accounts = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        List<Message> messages = new ArrayList<>();
        for (Database cell : cells) {
            try (Connection connection = cell.dataSource().getConnection()) {
                each(
                        connection,
                        "SELECT x.uid, x.balance, x.sequence FROM wallet.account" + OPEN,
                        row -> accounts.add(new Account(row.getString(1), row.getLong(2), row.getLong(3))));
                each(
                        connection,
                        "SELECT x.uid, x.sequence, x.transfer::text, x.leg, x.amount, x.balance, x.note"
                                + " FROM wallet.entry" + OPEN + "ORDER BY x.uid, x.sequence",
                        row -> entries.add(new Entry(
                                row.getString(1),
                                row.getLong(2),
                                row.getString(3),
                                row.getString(4),
                                row.getLong(5),
                                row.getLong(6),
                                row.getString(7))));
                each(
                        connection,
                        "SELECT x.uid, x.sequence, x.key FROM inbox.message" + OPEN
                                + "WHERE x.topic = 'payments' ORDER BY x.uid, x.sequence",
                        row -> messages.add(new Message(row.getString(1), row.getLong(2), row.getString(3))));
                confirm(connection);
            }
        }
        return new ChaosBooks(accounts, entries, messages);
    }

    /** Fails where the server is the primary of its unit no more: without a standby nothing of it is committed. */
    static void confirm(Connection connection) throws SQLException {
        each(connection, "SELECT pg_logical_emit_message(true, 'rialto-chaos', '')", row -> {});
    }

    /** Payments that are on their way to the payee, and messages that are not published yet; very many where that cannot be told now. */
    static long underWay(List<Database> cells) {
        try {
            return underWayNow(cells);
        } catch (SQLException e) {
            LOG.debug("a database is away", e);
            return Long.MAX_VALUE;
        }
    }

    private static long underWayNow(List<Database> cells) throws SQLException {
        long[] all = new long[1];
        for (Database cell : cells) {
            try (Connection connection = cell.dataSource().getConnection()) {
                each(
                        connection,
                        "SELECT (SELECT count(*) FROM wallet.outbox" + OPEN + ") + (SELECT count(*)"
                                + " FROM wallet.message_outbox" + OPEN + ")",
                        row -> all[0] += row.getLong(1));
            }
        }
        return all[0];
    }

    @FunctionalInterface
    interface Row {
        void take(ResultSet row) throws SQLException;
    }

    static void each(Connection connection, String sql, Row take) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                take.take(rows);
            }
        }
    }
}
