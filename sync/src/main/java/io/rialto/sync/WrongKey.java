package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;

/** A key of a device that the database has not: which one, and what is told of it. */
final class WrongKey extends Exception {
    private static final long serialVersionUID = 1;

    private final transient SyncKey key;
    private final Reason reason;

    WrongKey(Reason reason, SyncKey key, String message) {
        // An expected outcome of what devices say: no stack trace.
        super(Progress.name(key) + ": " + message, null, false, false);
        this.reason = reason;
        this.key = key;
    }

    /**
     * What the device is told. A key above its head is one of another database as a rule, and is forgotten. Where another
     * server has taken over without the newest messages, it is right, and shows that its user lost something: the device keeps it
     * and comes again.
     */
    ProtocolException refusal(Inbox inbox, int shard, String user) {
        ProtocolException refusal = new ProtocolException(reason, String.valueOf(getMessage()));
        if (reason != Reason.FUTURE_KEY || key.everyone()) {
            return refusal;
        }
        try {
            return inbox.outran(shard, user, key)
                    ? new ProtocolException(
                            Reason.READ_ONLY,
                            Progress.name(key) + ": the messages up to " + key.sequence()
                                    + " were lost with a city (expected: the same key again)")
                    : refusal;
        } catch (InboxException e) {
            return new ProtocolException(Reason.STORE_UNAVAILABLE, String.valueOf(e.getMessage()));
        }
    }
}
