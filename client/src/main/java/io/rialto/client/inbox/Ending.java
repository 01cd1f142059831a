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

    /** For people. */
    @Override
    public String toString() {
        return reason.isEmpty() ? text : reason + ": " + text;
    }
}
