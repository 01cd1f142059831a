package io.rialto.client.inbox;

import io.rialto.protocol.Reason;

/** Why a stream ended, or was not opened. */
final class Ending {
    final String reason;
    final String text;
    final long retryAfterMillis;
    /** Whether the platform has said it on the stream. */
    final boolean said;

    Ending(String reason, String text, long retryAfterMillis) {
        this(reason, text, retryAfterMillis, false);
    }

    Ending(String reason, String text, long retryAfterMillis, boolean said) {
        this.said = said;
        this.reason = reason;
        this.text = text;
        this.retryAfterMillis = retryAfterMillis;
    }

    boolean is(Reason other) {
        return reason.equals(other.wireName());
    }

    /** Whether the platform has said that the device's data, or this edge, is served elsewhere from now on. */
    boolean isElsewhere() {
        return is(Reason.WRONG_CELL) || is(Reason.FENCED) || is(Reason.DRAINING);
    }

    /** For people. */
    @Override
    public String toString() {
        return reason.isEmpty() ? text : reason + ": " + text;
    }
}
