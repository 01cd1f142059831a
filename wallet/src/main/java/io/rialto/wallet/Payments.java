package io.rialto.wallet;

import io.rialto.protocol.Code;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.wallet.Ledger.Entry;
import io.rialto.wallet.Ledger.Leg;
import io.rialto.wallet.api.TransferAnswer;
import io.rialto.wallet.api.TransferState;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Moves money from a payer of this cell to anybody, inside the fenced transaction of the payer's shard. */
final class Payments {
    private final Ledger ledger;

    Payments(Ledger ledger) {
        this.ledger = ledger;
    }

    record Payment(int payerShard, String payer, String payee, long amountMinor, String currency, String note) {}

    /** Where an account of this cell is, and the epoch to write it at. */
    record Place(int shard, long epoch) {}

    /**
     * Debits the payer. A payee of this cell is credited in the same transaction, unless read-only; for any other an outbox row is left.
     * Accounts are locked in the order of their uids, so that two payments in opposite directions cannot deadlock.
     */
    TransferAnswer pay(JdbcClient sql, Payment payment) {
        UUID id = UUID.randomUUID();
        Optional<Place> place = place(sql, payment.payee());
        boolean here = place.isPresent();
        if (here) {
            // A payee whose shard closes now makes this transaction fail and the next try find them elsewhere.
            FencedTransactions.fence(sql, place.get().shard(), place.get().epoch());
        }
        if (here && payment.payee().compareTo(payment.payer()) < 0) {
            credit(sql, payment, id, place.get());
            debit(sql, payment, id);
        } else {
            debit(sql, payment, id);
            place.ifPresent(at -> credit(sql, payment, id, at));
        }
        TransferState state = here ? TransferState.DONE : TransferState.IN_TRANSIT;
        sql.sql("""
                INSERT INTO wallet.transfer (shard, id, payer, payee, amount, currency, note, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)""")
                .params(
                        payment.payerShard(),
                        id,
                        payment.payer(),
                        payment.payee(),
                        payment.amountMinor(),
                        payment.currency(),
                        payment.note(),
                        state.name())
                .update();
        if (!here) {
            sql.sql("INSERT INTO wallet.outbox (shard, transfer, payer) VALUES (?, ?, ?)")
                    .params(payment.payerShard(), id, payment.payer())
                    .update();
        }
        return answer(id, state, payment);
    }

    private static Optional<Place> place(JdbcClient sql, String uid) {
        return sql.sql("""
                SELECT a.shard, f.epoch FROM wallet.account a
                JOIN rialto.fence f ON f.shard = a.shard AND f.state = 'OPEN'
                WHERE a.uid = ? AND NOT EXISTS (SELECT FROM rialto.behind b WHERE b.uid = a.uid)""")
                .param(uid)
                .query((row, n) -> new Place(row.getInt("shard"), row.getLong("epoch")))
                .optional();
    }

    private void debit(JdbcClient sql, Payment payment, UUID id) {
        Entry entry = new Entry(
                payment.payerShard(),
                payment.payer(),
                payment.currency(),
                id,
                Leg.DEBIT,
                payment.payee(),
                -payment.amountMinor(),
                payment.note());
        if (ledger.post(sql, entry).isEmpty()) {
            throw new OperationException(
                    Code.FAILED_PRECONDITION,
                    "insufficient_funds",
                    "balance: below " + payment.amountMinor() + " " + payment.currency()
                            + " in minor units (expected: an open account with enough)");
        }
    }

    private void credit(JdbcClient sql, Payment payment, UUID id, Place place) {
        Entry entry = new Entry(
                place.shard(),
                payment.payee(),
                payment.currency(),
                id,
                Leg.CREDIT,
                payment.payer(),
                payment.amountMinor(),
                payment.note());
        if (ledger.post(sql, entry).isEmpty()) {
            throw new OperationException(
                    Code.FAILED_PRECONDITION, "other_currency", "the payee's account has another currency");
        }
    }

    static TransferAnswer answer(UUID id, TransferState state, Payment payment) {
        return TransferAnswer.newBuilder()
                .setId(id.toString())
                .setState(state)
                .setPayer(payment.payer())
                .setPayee(payment.payee())
                .setAmountMinor(payment.amountMinor())
                .setCurrency(payment.currency())
                .setNote(payment.note())
                .build();
    }
}
