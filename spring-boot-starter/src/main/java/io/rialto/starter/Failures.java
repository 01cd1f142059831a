package io.rialto.starter;

import io.rialto.protocol.Code;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.lang.System.Logger.Level;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The one place where failures become refusals. */
final class Failures {
    private static final System.Logger LOG = System.getLogger(Failures.class.getName());

    /** SQLSTATE of a server that has no space to write to. */
    private static final String DISK_FULL = "53100";

    /** Causes are followed this deep; a longer chain has a circle. */
    private static final int MAX_CAUSES = 20;

    /** As the detail of the fence's error has it. */
    private static final Pattern NEXT = Pattern.compile("next=([a-z][a-z0-9-]*);epoch=(\\d{1,18})");

    private Failures() {}

    static OperationException refusal(Throwable failure, String operation) {
        if (failure instanceof OperationException refusal) {
            return refusal;
        }
        if (failure instanceof ProtocolException wrong) {
            return new OperationException(wrong.reason(), String.valueOf(wrong.getMessage()));
        }
        String state = sqlState(failure);
        if (FencedTransactions.FENCED.equals(state)) {
            return new OperationException(
                    Reason.FENCED, "the user's shard is not open here at this epoch (expected: another try)");
        }
        if (FencedTransactions.READ_ONLY.equals(state)) {
            return new OperationException(
                    Reason.READ_ONLY,
                    "a user's newest writes were lost with a city and are not put right yet: nothing more can be written for"
                            + " the user (expected: reads now, and this write once an operator has released the user)");
        }
        LOG.log(Level.WARNING, "operation " + operation + " failed", failure);
        if (DISK_FULL.equals(state)) {
            return new OperationException(
                    Code.UNAVAILABLE,
                    "database_full",
                    "the database has no space left and wrote nothing (expected: another try when it has)");
        }
        if (state != null && (state.startsWith("08") || state.startsWith("53") || state.startsWith("57P"))) {
            return new OperationException(
                    Code.UNAVAILABLE, "database_unavailable", "the database is not available (expected: another try)");
        }
        // What went wrong is for the log: a message could carry data of other users.
        return new OperationException(Reason.INTERNAL, "the backend failed; its log says why");
    }

    /** Where a fence that refused says that the shard goes, as {@code cell;epoch}; null where it says nothing. */
    static @Nullable String next(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            if (cause instanceof SQLException sql && FencedTransactions.FENCED.equals(sql.getSQLState())) {
                Matcher next = NEXT.matcher(String.valueOf(sql.getMessage()));
                return next.find() ? next.group(1) + ";" + next.group(2) : null;
            }
        }
        return null;
    }

    /** The SQLSTATE of the nearest cause that has one. */
    static @Nullable String sqlState(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return null;
    }
}
