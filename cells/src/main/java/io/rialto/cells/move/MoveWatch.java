package io.rialto.cells.move;

/** Sees how a move goes on. Called by the mover's thread, which waits for it. */
public interface MoveWatch {
    /** What a mover does next; each is done by one guarded transaction, or may be done again. */
    enum Step {
        GRANT,
        PREPARE,
        GATE,
        CLOSE,
        DRAIN,
        OPEN,
        PUBLISH,
        COMPARE,
        UNSUBSCRIBE,
        RETIRE,
        PURGE,
        FINISH,
        REFUSE,
        REOPEN
    }

    /** A step begins. */
    default void begins(Grant grant, Step step) {}

    /** A step of a single user's way to a shard of their own, or back, begins: GRANT, OPEN or PUBLISH. */
    default void begins(Split split, Step step) {}

    /** So many rows of all that were there at its beginning are copied. */
    default void copied(long rows, long all) {}

    /** The target is behind by so much of the source's log; -1 where it does not follow at the moment. */
    default void behind(long bytes) {}

    /** Watches nothing. */
    static MoveWatch none() {
        return new MoveWatch() {};
    }
}
