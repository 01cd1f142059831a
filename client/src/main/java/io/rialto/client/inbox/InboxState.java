package io.rialto.client.inbox;

/** Whether an inbox has a stream. */
public enum InboxState {
    /** Not started, or paused. */
    STOPPED,
    /** A stream is being opened. */
    OPENING,
    /** Messages come as they are published. */
    OPEN,
    /** The last try failed; the next is made after a pause. Meanwhile messages are fetched by calls. */
    WAITING,
    /** Another stream of this device was opened elsewhere; {@link Inbox#resume} takes it back. */
    SUPERSEDED,
    /** The platform takes a frame of this inbox for malformed, which is a bug; only {@link Inbox#resume} tries again. */
    REFUSED,
    CLOSED
}
