package io.rialto.wallet;

import com.google.protobuf.Message;
import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Operation;
import io.rialto.starter.CallContext;
import io.rialto.starter.CellCalls;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.wallet.api.ClaimAnswer;
import io.rialto.wallet.api.ClaimRequest;
import io.rialto.wallet.api.FindAnswer;
import io.rialto.wallet.api.FindRequest;
import io.rialto.wallet.api.OwnerAnswer;
import io.rialto.wallet.api.OwnerRequest;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Handles and the uids behind them: claimed in the global cell, found in the copy of each cell. A handle, once claimed,
 * belongs to its uid for good.
 */
final class Directory {
    private static final Duration OWNER_TIMEOUT = Duration.ofSeconds(3);

    private static final Pattern HANDLE = Pattern.compile("[a-z][a-z0-9._]{2,31}");

    /** People have a few names; a device that wants more is collecting them. */
    private static final int MAX_HANDLES_PER_DEVICE = 5;

    /** Draws until a free uid is found; with a billion users one draw in nine hundred meets a taken one. */
    private static final int DRAWS = 8;

    private static final long FIRST_UID = 100_000_000_000L;
    private static final long END_OF_UIDS = 1_000_000_000_000L;

    private final FencedTransactions transactions;
    private final CellCalls cells;
    private final RandomGenerator random;
    private final Clock clock;

    Directory(FencedTransactions transactions, CellCalls cells, RandomGenerator random, Clock clock) {
        this.transactions = transactions;
        this.cells = cells;
        this.random = random;
        this.clock = clock;
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

    /** The uid behind a handle, for whoever is in this cell. */
    @Operation(value = "wallet.Directory/Find", idempotent = true)
    FindAnswer find(FindRequest request, CallContext context) {
        return FindAnswer.newBuilder()
                .setUid(uidOf(request.getHandle(), context))
                .build();
    }

    /**
     * The uid behind a handle, from the copy of this cell.
     *
     * @throws OperationException {@code no_such_handle} where nobody has claimed it
     */
    String uidOf(String text, CallContext context) {
        String handle = handle(text);
        return transactions.readGlobal(sql -> uid(sql, handle), () -> {
            FindRequest question = FindRequest.newBuilder().setHandle(handle).build();
            return atOwner("wallet.Directory/FindAtOwner", question, FindAnswer.class, context)
                    .getUid();
        });
    }

    private static String uid(JdbcClient sql, String handle) {
        return claimed(sql, handle)
                .map(Claimed::uid)
                .orElseThrow(() -> new OperationException(
                        Code.NOT_FOUND, "no_such_handle", "handle: " + handle + " (expected: one that was claimed)"));
    }

    /** The device that claimed a uid; empty where none has, which is not for a copy to say. */
    String deviceOf(String uid, CallContext context) {
        String device = transactions.readGlobal(sql -> device(sql, uid), () -> "");
        if (!device.isEmpty()) {
            return device;
        }
        OwnerRequest question = OwnerRequest.newBuilder().setUid(uid).build();
        return atOwner("wallet.Directory/Owner", question, OwnerAnswer.class, context)
                .getDevice();
    }

    private static String device(JdbcClient sql, String uid) {
        return sql.sql("SELECT device FROM wallet.handle WHERE uid = ?")
                .param(uid)
                .query(String.class)
                .optional()
                .orElse("");
    }

    private <A extends Message> A atOwner(String operation, Message question, Class<A> answer, CallContext context) {
        return cells.call(operation, null, question, answer, null, context.remaining(clock, OWNER_TIMEOUT));
    }

    /** In the global cell, for wallets whose copy is behind. */
    @Operation(value = "wallet.Directory/FindAtOwner", idempotent = true)
    FindAnswer findAtOwner(FindRequest request, Caller caller) {
        Refusals.requireBackend(caller);
        String handle = handle(request.getHandle());
        return FindAnswer.newBuilder()
                .setUid(transactions.readGlobal(sql -> uid(sql, handle)))
                .build();
    }

    /** In the global cell, for wallets whose copy is behind. */
    @Operation(value = "wallet.Directory/Owner", idempotent = true)
    OwnerAnswer owner(OwnerRequest request, Caller caller) {
        Refusals.requireBackend(caller);
        String uid = Refusals.uid(request.getUid());
        return OwnerAnswer.newBuilder()
                .setDevice(transactions.readGlobal(sql -> device(sql, uid)))
                .build();
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
