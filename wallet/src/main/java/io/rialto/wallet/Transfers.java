package io.rialto.wallet;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Operation;
import io.rialto.starter.CallContext;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.wallet.Payments.Payment;
import io.rialto.wallet.api.TransferAnswer;
import io.rialto.wallet.api.TransferGetRequest;
import io.rialto.wallet.api.TransferRequest;
import io.rialto.wallet.api.TransferState;
import java.util.Optional;
import java.util.UUID;

/** Transfers that a payer orders. */
final class Transfers {
    private final FencedTransactions transactions;
    private final Payments payments;
    private final Directory directory;
    private final Relay relay;
    private final WalletProperties properties;

    Transfers(
            FencedTransactions transactions,
            Payments payments,
            Directory directory,
            Relay relay,
            WalletProperties properties) {
        this.transactions = transactions;
        this.payments = payments;
        this.directory = directory;
        this.relay = relay;
        this.properties = properties;
    }

    @Operation("wallet.Transfer/Create")
    TransferAnswer create(TransferRequest request, CallContext context) {
        Caller caller = context.caller();
        String payer = Refusals.user(caller);
        Idempotency.Key key =
                new Idempotency.Key(caller.shard(), payer, Refusals.key(context), "wallet.Transfer/Create", request);
        require(properties, request.getAmountMinor(), request.getCurrency(), request.getNote());
        String payee = payee(request, context);
        requireTwo(payer, payee);
        Payment payment = new Payment(
                caller.shard(), payer, payee, request.getAmountMinor(), request.getCurrency(), request.getNote());
        TransferAnswer answer = transactions.write(caller, sql -> {
            Optional<TransferAnswer> before = Idempotency.take(sql, key);
            if (before.isPresent()) {
                return before.get();
            }
            TransferAnswer made = payments.pay(sql, payment);
            Idempotency.keep(sql, key, made);
            return made;
        });
        if (answer.getState() == TransferState.IN_TRANSIT) {
            relay.wake();
        }
        return answer;
    }

    static void require(WalletProperties properties, long amountMinor, String currency, String note) {
        Refusals.amount(amountMinor);
        Refusals.note(note);
        if (!currency.equals(properties.currency())) {
            throw Refusals.invalid("invalid_currency", "currency (expected: " + properties.currency() + ")");
        }
    }

    static void requireTwo(String payer, String payee) {
        if (payer.equals(payee)) {
            throw Refusals.invalid("same_account", "payee: the payer (expected: somebody else)");
        }
    }

    private String payee(TransferRequest request, CallContext context) {
        return request.hasToHandle()
                ? directory.uidOf(request.getToHandle(), context)
                : Refusals.uid(request.getToUid());
    }

    @Operation(value = "wallet.Transfer/Get", idempotent = true)
    TransferAnswer get(TransferGetRequest request, Caller caller) {
        String payer = Refusals.user(caller);
        UUID id = id(request.getId());
        return transactions
                .read(
                        caller,
                        sql -> sql.sql("""
                        SELECT payer, payee, amount, currency, note, state FROM wallet.transfer
                        WHERE shard = ? AND id = ? AND payer = ?""")
                                .params(caller.shard(), id, payer)
                                .query((row, n) -> Payments.answer(
                                        id,
                                        TransferState.valueOf(row.getString("state")),
                                        new Payment(
                                                caller.shard(),
                                                row.getString("payer"),
                                                row.getString("payee"),
                                                row.getLong("amount"),
                                                row.getString("currency"),
                                                row.getString("note"))))
                                .optional())
                .orElseThrow(() -> new OperationException(
                        Code.NOT_FOUND, "no_such_transfer", "transfer: " + id + " (expected: one of the caller's)"));
    }

    static UUID id(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw Refusals.invalid("invalid_transfer", "transfer: not an id (expected: a UUID)");
        }
    }
}
