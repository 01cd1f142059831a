package io.rialto.gateway.transport;

import java.util.concurrent.TimeUnit;

/** Whether a phone sends more messages on its stream than anyone needs to. */
final class MessageRate {
    /** In each 10 seconds: several times what acknowledges a full stream. */
    static final int MAX = 1_000;

    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);

    static final String TOO_MANY = "more than " + MAX + " messages in 10 s";

    private long since;
    private int messages;

    MessageRate(long now) {
        since = now;
    }

    /** Counts one; false if it is one too many. */
    boolean take(long now) {
        if (now - since > WINDOW_NANOS) {
            since = now;
            messages = 0;
        }
        return ++messages <= MAX;
    }
}
