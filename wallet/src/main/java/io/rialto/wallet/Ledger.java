package io.rialto.wallet;

import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The writing of entries. Every method runs inside a fenced transaction of the entry's shard. */
final class Ledger {
    private Ledger() {}

    /** Why an entry exists; the name is the column's value. */
    enum Leg {
        OPENING("opening", "granted"),
        DEBIT("debit", "transit"),
        CREDIT("credit", "transit"),
        REFUND("refund", "transit");

        private final String wire;
        private final String against;

        Leg(String wire, String against) {
            this.wire = wire;
            this.against = against;
        }
    }

    /**
     * @param amountMinor added to the account; a debit's is negative
     * @param otherUid the other side of the transfer; empty at opening
     */
    record Entry(
            int shard,
            String uid,
            String currency,
            UUID transfer,
            Leg leg,
            String otherUid,
            long amountMinor,
            String note) {}

    /**
     * Changes the balance and writes the entry, in one statement.
     *
     * @return the new balance; empty where there is no such account in that currency or not enough on it
     */
    static Optional<Long> post(JdbcClient sql, Entry entry) {
        return sql.sql("""
                WITH moved AS (
                    UPDATE wallet.account SET balance = balance + :amount, sequence = sequence + 1
                    WHERE shard = :shard AND uid = :uid AND currency = :currency AND balance + :amount >= 0
                    RETURNING sequence, balance)
                INSERT INTO wallet.entry (shard, uid, sequence, transfer, leg, against, other_uid, amount, balance, note)
                SELECT :shard, :uid, sequence, :transfer, :leg, :against, :other, :amount, balance, :note FROM moved
                RETURNING balance""")
                .param("amount", entry.amountMinor())
                .param("shard", entry.shard())
                .param("uid", entry.uid())
                .param("currency", entry.currency())
                .param("transfer", entry.transfer())
                .param("leg", entry.leg().wire)
                .param("against", entry.leg().against)
                .param("other", entry.otherUid())
                .param("note", entry.note())
                .query(Long.class)
                .optional();
    }
}
