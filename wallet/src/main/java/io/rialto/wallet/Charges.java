package io.rialto.wallet;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Operation;
import io.rialto.starter.CallContext;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.wallet.Payments.Payment;
import io.rialto.wallet.api.ChargeRequest;
import io.rialto.wallet.api.ShowAnswer;
import io.rialto.wallet.api.ShowRequest;
import io.rialto.wallet.api.TransferAnswer;
import io.rialto.wallet.api.TransferState;
import java.time.Clock;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Dynamic payment codes: the payer's phone shows one, the payee's device redeems it. */
final class Charges {
    private static final int UID_DIGITS = 12;

    /** Guesses at a payer's code; two of a hundred million codes hold at a time. */
    private static final int MAX_FAILURES = 10;

    private static final int LOCK_SECONDS = 60;

    private final FencedTransactions transactions;
    private final Payments payments;
    private final Relay relay;
    private final WalletProperties properties;
    private final Clock clock;

    Charges(FencedTransactions transactions, Payments payments, Relay relay, WalletProperties properties, Clock clock) {
        this.transactions = transactions;
        this.payments = payments;
        this.relay = relay;
        this.properties = properties;
        this.clock = clock;
    }

    private static final class Secret {
        private final byte[] key;
        private final long uses;
        private final boolean locked;

        private Secret(byte[] key, long uses, boolean locked) {
            this.key = key;
            this.uses = uses;
            this.locked = locked;
        }
    }

    @Operation(value = "wallet.PaymentCode/Show", idempotent = true)
    ShowAnswer show(ShowRequest request, Caller caller) {
        String uid = Refusals.user(caller);
        Secret secret = transactions
                .read(caller, sql -> secret(sql, caller.shard(), uid, ""))
                .orElseThrow(() -> new OperationException(
                        Code.NOT_FOUND, "no_account", "account: none (expected: an account that was opened)"));
        return ShowAnswer.newBuilder()
                .setCode(uid + PaymentCode.at(secret.key, clock.instant(), secret.uses))
                .setValidSeconds(PaymentCode.STEP_SECONDS)
                .build();
    }

    private static Optional<Secret> secret(JdbcClient sql, int shard, String uid, String lock) {
        return sql.sql("""
                SELECT secret, uses, locked_until > now() AS locked FROM wallet.payment_code
                WHERE shard = ? AND uid = ?""" + " " + lock)
                .params(shard, uid)
                .query((row, n) -> new Secret(row.getBytes("secret"), row.getLong("uses"), row.getBoolean("locked")))
                .optional();
    }

    /** The gateway routes it by the payer's uid, so the shard is the payer's while the caller is the payee. */
    @Operation("wallet.PaymentCode/Charge")
    TransferAnswer charge(ChargeRequest request, CallContext context) {
        Caller caller = context.caller();
        String payee = Refusals.user(caller);
        Idempotency.Key key =
                new Idempotency.Key(caller.shard(), payee, Refusals.key(context), "wallet.PaymentCode/Charge", request);
        Transfers.require(properties, request.getAmountMinor(), request.getCurrency(), request.getNote());
        if (request.getCode().length() != UID_DIGITS + PaymentCode.DIGITS) {
            throw wrongCode();
        }
        String payer = Refusals.uid(request.getCode().substring(0, UID_DIGITS));
        String code = request.getCode().substring(UID_DIGITS);
        Transfers.requireTwo(payer, payee);
        Payment payment = new Payment(
                caller.shard(), payer, payee, request.getAmountMinor(), request.getCurrency(), request.getNote());
        Optional<TransferAnswer> answer = transactions.write(caller, sql -> charge(sql, key, payment, code));
        if (answer.isEmpty()) {
            throw wrongCode();
        }
        if (answer.get().getState() == TransferState.IN_TRANSIT) {
            relay.wake();
        }
        return answer.get();
    }

    /** Empty where the code does not hold; that transaction is kept, because it counts the failure. */
    private Optional<TransferAnswer> charge(JdbcClient sql, Idempotency.Key key, Payment payment, String code) {
        Optional<TransferAnswer> before = Idempotency.take(sql, key);
        if (before.isPresent()) {
            return before;
        }
        Optional<Secret> secret = secret(sql, payment.payerShard(), payment.payer(), "FOR UPDATE");
        if (secret.isPresent() && secret.get().locked) {
            throw new OperationException(
                    Code.RESOURCE_EXHAUSTED, "code_locked", "too many wrong codes (expected: to wait a minute)");
        }
        if (secret.isEmpty() || !PaymentCode.holds(code, secret.get().key, clock.instant(), secret.get().uses)) {
            Idempotency.release(sql, key);
            countFailure(sql, payment);
            return Optional.empty();
        }
        sql.sql("UPDATE wallet.payment_code SET uses = uses + 1, failures = 0 WHERE shard = ? AND uid = ?")
                .params(payment.payerShard(), payment.payer())
                .update();
        TransferAnswer made = payments.pay(sql, payment);
        Idempotency.keep(sql, key, made);
        return Optional.of(made);
    }

    private static void countFailure(JdbcClient sql, Payment payment) {
        sql.sql("""
                UPDATE wallet.payment_code SET
                    failures = CASE WHEN failures + 1 >= :most THEN 0 ELSE failures + 1 END,
                    locked_until = CASE WHEN failures + 1 >= :most THEN now() + :lock * interval '1 second'
                        ELSE locked_until END
                WHERE shard = :shard AND uid = :uid""")
                .param("most", MAX_FAILURES)
                .param("lock", LOCK_SECONDS)
                .param("shard", payment.payerShard())
                .param("uid", payment.payer())
                .update();
    }

    private static OperationException wrongCode() {
        return new OperationException(
                Code.FAILED_PRECONDITION,
                "wrong_code",
                "code: wrong, used or over (expected: what the phone shows now)");
    }
}
