package io.rialto.wallet;

import io.rialto.wallet.LedgerCheck.Books;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Adds up the entries of one cell after the other, each in one snapshot; only shards that are open in it count. */
final class BooksReader {
    /** What is wrong is usually wrong often; the first few say it. */
    private static final int MAX_FINDINGS = 50;

    private static final int FETCH = 2_000;

    private static final String OPEN = " JOIN rialto.fence f ON f.shard = x.shard AND f.state = 'OPEN' ";

    /** Every query's rows are sentences about something wrong. */
    private static final List<String> WRONG = List.of(
            "SELECT 'account ' || x.uid || ': balance ' || x.balance || ', entries ' || coalesce(e.total, 0) || ' in '"
                    + " || coalesce(e.n, 0) || ', sequence ' || x.sequence FROM wallet.account x" + OPEN
                    + "LEFT JOIN (SELECT shard, uid, sum(amount) AS total, count(*) AS n, max(sequence) AS last"
                    + " FROM wallet.entry GROUP BY shard, uid) e ON e.shard = x.shard AND e.uid = x.uid"
                    + " WHERE x.balance <> coalesce(e.total, 0) OR x.sequence <> coalesce(e.n, 0)"
                    + " OR x.sequence <> coalesce(e.last, 0) OR x.balance < 0",
            "SELECT 'entry ' || uid || '/' || sequence || ': balance ' || balance || ' after ' || before FROM ("
                    + "SELECT x.*, lag(x.balance, 1, 0) OVER (PARTITION BY x.shard, x.uid ORDER BY x.sequence) AS before"
                    + " FROM wallet.entry x" + OPEN + ") y WHERE balance <> before + amount",
            "SELECT 'entry ' || x.uid || '/' || x.sequence || ': no account' FROM wallet.entry x" + OPEN
                    + "WHERE NOT EXISTS (SELECT FROM wallet.account a WHERE a.shard = x.shard AND a.uid = x.uid)",
            "SELECT 'idempotency key of ' || x.uid || ': ' || count(*) || ' rows, or no answer' FROM wallet.idempotency x"
                    + OPEN + "GROUP BY x.shard, x.uid, x.key HAVING count(*) > 1 OR min(length(x.answer)) = 0",
            "SELECT 'transfer ' || x.id || ': ' || x.state || ', but its outbox row '"
                    + " || CASE WHEN o.transfer IS NULL THEN 'is gone' ELSE 'is there' END FROM wallet.transfer x"
                    + OPEN
                    + "LEFT JOIN wallet.outbox o ON o.shard = x.shard AND o.transfer = x.id"
                    + " WHERE (x.state = 'IN_TRANSIT') <> (o.transfer IS NOT NULL)",
            "SELECT 'transfer ' || x.id || ': without its debit' FROM wallet.transfer x" + OPEN
                    + "WHERE NOT EXISTS (SELECT FROM wallet.entry e WHERE e.shard = x.shard AND e.transfer = x.id"
                    + " AND e.leg = 'debit' AND e.uid = x.payer AND e.amount = -x.amount)");

    private static final class Legs {
        private int debits;
        private int credits;
        private int refunds;
        private long debited;
        private long returned;
    }

    private final Map<String, Legs> transfers = new HashMap<>();
    private final Set<String> uids = new HashSet<>();
    private final List<String> findings = new ArrayList<>();
    private long balances;
    private long granted;

    void read(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(FETCH);
            for (String query : WRONG) {
                try (ResultSet rows = statement.executeQuery(query + " LIMIT " + MAX_FINDINGS)) {
                    while (rows.next()) {
                        find(rows.getString(1));
                    }
                }
            }
            try (ResultSet rows = statement.executeQuery("SELECT x.uid, x.balance FROM wallet.account x" + OPEN)) {
                while (rows.next()) {
                    account(rows.getString(1), rows.getLong(2));
                }
            }
            try (ResultSet rows =
                    statement.executeQuery("SELECT x.transfer, x.leg, x.amount FROM wallet.entry x" + OPEN)) {
                while (rows.next()) {
                    entry(rows.getString(1), rows.getString(2), rows.getLong(3));
                }
            }
        }
        connection.rollback();
    }

    private void account(String uid, long balance) {
        balances += balance;
        if (!uids.add(uid)) {
            find("account " + uid + ": in two places");
        }
    }

    private void entry(String transfer, String leg, long amount) {
        if (leg.equals("opening")) {
            granted += amount;
            return;
        }
        Legs legs = transfers.computeIfAbsent(transfer, id -> new Legs());
        if (leg.equals("debit")) {
            legs.debits++;
            legs.debited -= amount;
            return;
        }
        legs.returned += amount;
        if (leg.equals("credit")) {
            legs.credits++;
        } else {
            legs.refunds++;
        }
    }

    private void find(String finding) {
        if (findings.size() < MAX_FINDINGS) {
            findings.add(finding);
        }
    }

    Books books(Collection<String> acknowledged) {
        long inTransit = 0;
        long inTransitMinor = 0;
        long refunds = 0;
        for (Map.Entry<String, Legs> entry : transfers.entrySet()) {
            Legs legs = entry.getValue();
            refunds += legs.refunds;
            int ends = legs.credits + legs.refunds;
            if (legs.debits != 1 || ends > 1 || ends == 1 && legs.returned != legs.debited) {
                find("transfer " + entry.getKey() + ": debited " + legs.debits + " times (" + legs.debited
                        + "), credited " + legs.credits + " and refunded " + legs.refunds + " times (" + legs.returned
                        + "; expected: one debit, then one credit or refund of the same amount)");
            } else if (ends == 0) {
                inTransit++;
                inTransitMinor += legs.debited;
            }
        }
        if (granted != balances + inTransitMinor) {
            find("money: granted " + granted + " (expected: balances " + balances + " + in transit " + inTransitMinor
                    + ")");
        }
        for (String id : acknowledged) {
            Legs legs = transfers.get(id);
            if (legs == null || legs.debits != 1) {
                find("transfer " + id + ": acknowledged, but debited " + (legs == null ? 0 : legs.debits) + " times");
            }
        }
        return new Books(
                uids.size(), transfers.size(), refunds, granted, balances, inTransitMinor, inTransit, findings);
    }
}
