package io.rialto.wallet;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Operation;
import io.rialto.protocol.Reason;
import io.rialto.starter.Bound;
import io.rialto.starter.CallContext;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.wallet.Ledger.Entry;
import io.rialto.wallet.Ledger.Leg;
import io.rialto.wallet.api.LoginAnswer;
import io.rialto.wallet.api.LoginRequest;
import io.rialto.wallet.api.OpenAnswer;
import io.rialto.wallet.api.OpenRequest;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Opening an account, and logging in to it. */
final class Accounts {
    /** Two sound tries at a forgotten PIN, and then a few; after that the wait doubles with each failure. */
    private static final int FREE_FAILURES = 5;

    private static final int FIRST_LOCK_SECONDS = 30;
    private static final int LONGEST_LOCK_SECONDS = 3600;

    private final FencedTransactions transactions;
    private final Ledger ledger;
    private final Directory directory;
    private final Pins pins;
    private final SecureRandom random;
    private final WalletProperties properties;

    Accounts(
            FencedTransactions transactions,
            Ledger ledger,
            Directory directory,
            Pins pins,
            SecureRandom random,
            WalletProperties properties) {
        this.transactions = transactions;
        this.ledger = ledger;
        this.directory = directory;
        this.pins = pins;
        this.random = random;
        this.properties = properties;
    }

    /** Only the device that claimed the uid may open its account; the directory knows which one that is. */
    @Operation("wallet.Account/Open")
    OpenAnswer open(OpenRequest request, CallContext context) {
        Caller caller = context.caller();
        String device = Refusals.device(caller);
        String uid = Refusals.uid(request.getUid());
        String pin = Pins.pin(request.getPin());
        if (!uid.equals(context.route())) {
            // The shard is where the gateway's table has the route. An account in any other one would never be found.
            throw new OperationException(Reason.WRONG_CELL, "rialto-route: another than the uid (expected: the uid)");
        }
        if (!directory.deviceOf(uid, context).equals(device)) {
            throw new OperationException(
                    Code.PERMISSION_DENIED, "not_the_claimer", "uid: claimed by another device, or by none");
        }
        String hash = pins.hash(pin);
        transactions.write(caller, sql -> open(sql, caller.shard(), uid, hash));
        return OpenAnswer.newBuilder()
                .setBalanceMinor(properties.openingBalanceMinor())
                .setCurrency(properties.currency())
                .build();
    }

    private long open(JdbcClient sql, int shard, String uid, String hash) {
        int opened = sql.sql("""
                INSERT INTO wallet.account (shard, uid, currency, balance, sequence) VALUES (?, ?, ?, 0, 0)
                ON CONFLICT DO NOTHING""").params(shard, uid, properties.currency()).update();
        if (opened == 0) {
            throw new OperationException(
                    Code.ALREADY_EXISTS, "account_open", "account: open already (expected: a login)");
        }
        byte[] secret = new byte[PaymentCode.SECRET_BYTES];
        random.nextBytes(secret);
        sql.sql("INSERT INTO wallet.login (shard, uid, pin_hash) VALUES (?, ?, ?)")
                .params(shard, uid, hash)
                .update();
        sql.sql("INSERT INTO wallet.payment_code (shard, uid, secret) VALUES (?, ?, ?)")
                .params(shard, uid, secret)
                .update();
        Entry grant = new Entry(
                shard,
                uid,
                properties.currency(),
                UUID.randomUUID(),
                Leg.OPENING,
                "",
                properties.openingBalanceMinor(),
                "");
        return ledger.post(sql, grant).orElseThrow();
    }

    /** Each try is counted before the PIN is looked at, so that tries in parallel do not escape the count. */
    @Operation("wallet.Session/Login")
    Bound<LoginAnswer> login(LoginRequest request, Caller caller) {
        Refusals.device(caller);
        String uid = Refusals.uid(request.getUid());
        String pin = Pins.pin(request.getPin());
        Optional<String> hash = transactions.write(caller, sql -> countedTry(sql, caller.shard(), uid));
        if (hash.isEmpty()) {
            refuseUncounted(caller, uid, pin);
        }
        if (hash.isEmpty() || !pins.matches(pin, hash.get())) {
            throw new OperationException(
                    Code.UNAUTHENTICATED, "wrong_pin", "uid or PIN is wrong (expected: both right)");
        }
        transactions.write(
                caller, sql -> sql.sql("""
                UPDATE wallet.login SET failures = 0, locked_until = '-infinity' WHERE shard = ? AND uid = ?""").params(caller.shard(), uid).update());
        return new Bound<>(LoginAnswer.newBuilder().setUid(uid).build(), uid);
    }

    private static Optional<String> countedTry(JdbcClient sql, int shard, String uid) {
        return sql.sql("""
                UPDATE wallet.login SET failures = failures + 1, locked_until = CASE WHEN failures + 1 < :free
                    THEN locked_until
                    ELSE now() + least(:first * 2 ^ least(failures + 1 - :free, 20), :longest) * interval '1 second' END
                WHERE shard = :shard AND uid = :uid AND locked_until <= now()
                RETURNING pin_hash""")
                .param("free", FREE_FAILURES)
                .param("first", FIRST_LOCK_SECONDS)
                .param("longest", LONGEST_LOCK_SECONDS)
                .param("shard", shard)
                .param("uid", uid)
                .query(String.class)
                .optional();
    }

    private void refuseUncounted(Caller caller, String uid, String pin) {
        boolean locked = transactions.read(
                caller,
                sql -> sql.sql("SELECT EXISTS (SELECT FROM wallet.login WHERE shard = ? AND uid = ?)")
                        .params(caller.shard(), uid)
                        .query(Boolean.class)
                        .single());
        if (locked) {
            throw new OperationException(
                    Code.RESOURCE_EXHAUSTED,
                    "pin_locked",
                    "too many wrong PINs (expected: to wait; each further failure doubles the wait)");
        }
        pins.matchNobody(pin);
    }
}
