package io.rialto.wallet;

import io.rialto.starter.Messages;
import io.rialto.starter.OutgoingMessage;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The writing of entries, each with its message to the account's owner: one commits with the other. Every method runs
 * inside a fenced transaction of the entry's shard.
 */
final class Ledger {
    /** The topic of what happens on an account. */
    static final String TOPIC = "payments";

    private final Messages messages;

    Ledger(Messages messages) {
        this.messages = messages;
    }

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
     * What the owner's devices are told of an entry.
     *
     * @param sequence of the entry on its account: 1 is the opening, and what follows has no gap
     */
    record Notice(
            String transfer,
            String leg,
            long sequence,
            String other,
            long amountMinor,
            long balanceMinor,
            String currency,
            String note) {}

    /**
     * Changes the balance, writes the entry, in one statement, and enqueues the message.
     *
     * @return the new balance; empty where there is no such account in that currency or not enough on it
     */
    Optional<Long> post(JdbcClient sql, Entry entry) {
        Optional<Notice> made = sql.sql("""
                WITH moved AS (
                    UPDATE wallet.account SET balance = balance + :amount, sequence = sequence + 1
                    WHERE shard = :shard AND uid = :uid AND currency = :currency AND balance + :amount >= 0
                    RETURNING sequence, balance)
                INSERT INTO wallet.entry (shard, uid, sequence, transfer, leg, against, other_uid, amount, balance, note)
                SELECT :shard, :uid, sequence, :transfer, :leg, :against, :other, :amount, balance, :note FROM moved
                RETURNING sequence, balance""")
                .param("amount", entry.amountMinor())
                .param("shard", entry.shard())
                .param("uid", entry.uid())
                .param("currency", entry.currency())
                .param("transfer", entry.transfer())
                .param("leg", entry.leg().wire)
                .param("against", entry.leg().against)
                .param("other", entry.otherUid())
                .param("note", entry.note())
                .query((row, n) -> notice(entry, row.getLong("sequence"), row.getLong("balance")))
                .optional();
        if (made.isPresent() && entry.leg() != Leg.OPENING) {
            tell(sql, entry, made.get());
        }
        return made.map(Notice::balanceMinor);
    }

    private static Notice notice(Entry entry, long sequence, long balance) {
        return new Notice(
                entry.transfer().toString(),
                entry.leg().wire,
                sequence,
                entry.otherUid(),
                entry.amountMinor(),
                balance,
                entry.currency(),
                entry.note());
    }

    private void tell(JdbcClient sql, Entry entry, Notice notice) {
        String key = entry.transfer() + ":" + entry.leg().wire;
        messages.enqueue(
                sql,
                entry.shard(),
                OutgoingMessage.toUser(TOPIC, entry.uid(), key)
                        .json(notice)
                        .urgent()
                        .build());
    }
}
