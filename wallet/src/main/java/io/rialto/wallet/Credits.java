package io.rialto.wallet;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Operation;
import io.rialto.starter.FencedTransactions;
import io.rialto.wallet.Ledger.Entry;
import io.rialto.wallet.Ledger.Leg;
import io.rialto.wallet.api.CreditAnswer;
import io.rialto.wallet.api.CreditAnswer.Outcome;
import io.rialto.wallet.api.CreditRequest;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The payee's side of a transfer between cells: applied once per transfer, however often it is brought. */
final class Credits {
    static final String OPERATION = "wallet.Transfer/Credit";

    private final FencedTransactions transactions;
    private final Ledger ledger;

    Credits(FencedTransactions transactions, Ledger ledger) {
        this.transactions = transactions;
        this.ledger = ledger;
    }

    @Operation(value = OPERATION, idempotent = true)
    CreditAnswer credit(CreditRequest request, Caller caller) {
        Refusals.requireBackend(caller);
        String payee = Refusals.uid(request.getPayee());
        if (!payee.equals(caller.user())) {
            throw Refusals.invalid("wrong_payee", "payee: not the user that the call was routed by");
        }
        Refusals.amount(request.getAmountMinor());
        UUID transfer = Transfers.id(request.getTransfer());
        return transactions.write(caller, sql -> arrive(sql, caller.shard(), transfer, request));
    }

    /**
     * The row of the transfer's arrival is written before anything else: a second copy waits for it and then gets the
     * first one's answer. That holds for refusals too: after one, the payer is given the money back.
     */
    private CreditAnswer arrive(JdbcClient sql, int shard, UUID transfer, CreditRequest request) {
        int first = sql.sql("""
                INSERT INTO wallet.arrival (shard, transfer, payee, amount, outcome) VALUES (?, ?, ?, ?, 'CREDITED')
                ON CONFLICT DO NOTHING""")
                .params(shard, transfer, request.getPayee(), request.getAmountMinor())
                .update();
        if (first == 0) {
            return earlier(sql, shard, transfer, request);
        }
        Entry entry = new Entry(
                shard,
                request.getPayee(),
                request.getCurrency(),
                transfer,
                Leg.CREDIT,
                request.getPayer(),
                request.getAmountMinor(),
                request.getNote());
        if (ledger.post(sql, entry).isPresent()) {
            return CreditAnswer.newBuilder().setOutcome(Outcome.CREDITED).build();
        }
        String reason = "no_account";
        sql.sql("UPDATE wallet.arrival SET outcome = 'REFUSED', reason = ? WHERE shard = ? AND transfer = ?")
                .params(reason, shard, transfer)
                .update();
        return CreditAnswer.newBuilder()
                .setOutcome(Outcome.REFUSED)
                .setReason(reason)
                .build();
    }

    private static CreditAnswer earlier(JdbcClient sql, int shard, UUID transfer, CreditRequest request) {
        return sql.sql("SELECT payee, amount, outcome, reason FROM wallet.arrival WHERE shard = ? AND transfer = ?")
                .params(shard, transfer)
                .query((row, n) -> {
                    if (!row.getString("payee").equals(request.getPayee())
                            || row.getLong("amount") != request.getAmountMinor()) {
                        throw Refusals.invalid(
                                "transfer_differs", "transfer: " + transfer + " came before with another content");
                    }
                    return CreditAnswer.newBuilder()
                            .setOutcome(Outcome.valueOf(row.getString("outcome")))
                            .setReason(row.getString("reason"))
                            .build();
                })
                .single();
    }
}
