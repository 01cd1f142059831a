package io.rialto.wallet;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Operation;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.wallet.api.ClaimAnswer;
import io.rialto.wallet.api.ClaimRequest;
import io.rialto.wallet.api.FindAnswer;
import io.rialto.wallet.api.FindRequest;
import io.rialto.wallet.api.OwnerAnswer;
import io.rialto.wallet.api.OwnerRequest;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Handles and the uids behind them, in the global cell. A handle, once claimed, belongs to its uid for good. */
final class Directory {
    private static final Pattern HANDLE = Pattern.compile("[a-z][a-z0-9._]{2,31}");

    /** People have a few names; a device that wants more is collecting them. */
    private static final int MAX_HANDLES_PER_DEVICE = 5;

    /** Draws until a free uid is found; with a billion users one draw in nine hundred meets a taken one. */
    private static final int DRAWS = 8;

    private static final long FIRST_UID = 100_000_000_000L;
    private static final long END_OF_UIDS = 1_000_000_000_000L;

    private final FencedTransactions transactions;
    private final RandomGenerator random;

    Directory(FencedTransactions transactions, RandomGenerator random) {
        this.transactions = transactions;
        this.random = random;
    }

    private record Claimed(String uid, String device) {}

    @Operation(value = "wallet.Directory/Claim", idempotent = true)
    ClaimAnswer claim(ClaimRequest request, Caller caller) {
        String device = Refusals.device(caller);
        String handle = handle(request.getHandle());
        String uid = transactions.write(caller, sql -> claim(sql, handle, device));
        return ClaimAnswer.newBuilder().setUid(uid).build();
    }

    private String claim(JdbcClient sql, String handle, String device) {
        for (int draw = 0; draw < DRAWS; draw++) {
            Optional<Claimed> claimed = claimed(sql, handle);
            if (claimed.isPresent()) {
                if (claimed.get().device().equals(device)) {
                    return claimed.get().uid();
                }
                throw new OperationException(
                        Code.ALREADY_EXISTS, "handle_taken", "handle: " + handle + " is taken (expected: another one)");
            }
            requireFew(sql, device);
            String uid = Long.toString(random.nextLong(FIRST_UID, END_OF_UIDS));
            int inserted = sql.sql("""
                    INSERT INTO wallet.handle (shard, handle, uid, device) VALUES (-1, ?, ?, ?)
                    ON CONFLICT DO NOTHING""").params(handle, uid, device).update();
            if (inserted == 1) {
                return uid;
            }
        }
        throw new IllegalStateException("no free uid in " + DRAWS + " draws");
    }

    private static void requireFew(JdbcClient sql, String device) {
        long held = sql.sql("SELECT count(*) FROM wallet.handle WHERE device = ?")
                .param(device)
                .query(Long.class)
                .single();
        if (held >= MAX_HANDLES_PER_DEVICE) {
            throw new OperationException(
                    Code.RESOURCE_EXHAUSTED,
                    "too_many_handles",
                    "handles of this device: " + held + " (expected: at most " + MAX_HANDLES_PER_DEVICE + ")");
        }
    }

    private static Optional<Claimed> claimed(JdbcClient sql, String handle) {
        return sql.sql("SELECT uid, device FROM wallet.handle WHERE handle = ?")
                .param(handle)
                .query((row, n) -> new Claimed(row.getString("uid"), row.getString("device")))
                .optional();
    }

    @Operation(value = "wallet.Directory/Find", idempotent = true)
    FindAnswer find(FindRequest request) {
        String handle = handle(request.getHandle());
        Optional<Claimed> claimed = transactions.read(sql -> claimed(sql, handle));
        if (claimed.isEmpty()) {
            throw new OperationException(
                    Code.NOT_FOUND, "no_such_handle", "handle: " + handle + " (expected: one that was claimed)");
        }
        return FindAnswer.newBuilder().setUid(claimed.get().uid()).build();
    }

    @Operation(value = "wallet.Directory/Owner", idempotent = true)
    OwnerAnswer owner(OwnerRequest request, Caller caller) {
        Refusals.requireBackend(caller);
        String uid = Refusals.uid(request.getUid());
        Optional<String> device = transactions.read(sql -> sql.sql("SELECT device FROM wallet.handle WHERE uid = ?")
                .param(uid)
                .query(String.class)
                .optional());
        return OwnerAnswer.newBuilder().setDevice(device.orElse("")).build();
    }

    private static String handle(String text) {
        String handle = text.toLowerCase(Locale.ROOT);
        if (!HANDLE.matcher(handle).matches()) {
            throw Refusals.invalid(
                    "invalid_handle", "handle: not one (expected: a letter, then 2 to 31 letters, digits, dots, _)");
        }
        return handle;
    }
}
