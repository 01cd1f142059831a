package io.rialto.client.inbox;

import io.rialto.protocol.Reason;

/** Why a stream ended, or was not opened. */
final class Ending {
    final String reason;
    final String text;
    final long retryAfterMillis;

    Ending(String reason, String text, long retryAfterMillis) {
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
