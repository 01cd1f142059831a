package io.rialto.wallet;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Reason;
import io.rialto.starter.CallContext;
import io.rialto.starter.OperationException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the wallet asks of every request, and the refusals for it. */
final class Refusals {
    /** Far above any payment between people, far below an overflow of balances. */
    static final long MAX_AMOUNT_MINOR = 100_000_000;

    private static final int MAX_NOTE = 140;

    private static final Pattern UID = Pattern.compile("[1-9][0-9]{11}");

    private Refusals() {}

    static OperationException invalid(String reason, String message) {
        return new OperationException(Code.INVALID_ARGUMENT, reason, message);
    }

    static String user(Caller caller) {
        return present(caller.user(), "user");
    }

    static String device(Caller caller) {
        return present(caller.device(), "device");
    }

    private static String present(@Nullable String value, String what) {
        if (value == null || value.isEmpty()) {
            throw new OperationException(
                    Reason.IDENTITY_REQUIRED, what + ": none (expected: a call by a " + what + ")");
        }
        return value;
    }

    /** Calls between cells carry no device: a phone's never gets here, whatever a gateway was configured to. */
    static void requireBackend(Caller caller) {
        if (caller.device() != null && !caller.device().isEmpty()) {
            throw new OperationException(
                    Code.PERMISSION_DENIED, "backend_only", "a device called (expected: a call between cells)");
        }
    }

    static String key(CallContext context) {
        String key = context.idempotencyKey();
        if (key == null || key.isEmpty() || key.length() > 128) {
            throw invalid("idempotency_key_required", "idempotency-key: none (expected: 1 to 128 characters)");
        }
        return key;
    }

    static String uid(String uid) {
        if (!UID.matcher(uid).matches()) {
            throw invalid("invalid_uid", "uid: not one (expected: 12 digits)");
        }
        return uid;
    }

    static void amount(long amountMinor) {
        if (amountMinor < 1 || amountMinor > MAX_AMOUNT_MINOR) {
            throw invalid(
                    "invalid_amount", "amount_minor: " + amountMinor + " (expected: 1.." + MAX_AMOUNT_MINOR + ")");
        }
    }

    static void note(String note) {
        if (note.length() > MAX_NOTE || note.indexOf('\0') >= 0) {
            throw invalid(
                    "invalid_note", "note: " + note.length() + " characters (expected: at most " + MAX_NOTE + ")");
        }
    }
}
