package io.rialto.cells.move;

/**
 * The permission for one move; of each shard the newest is kept, so that no epoch is granted twice.
 *
 * @param epoch that the shard gets by it
 * @param from the unit that gives the shard away
 * @param to the unit that takes it
 */
public record Grant(int shard, long epoch, String from, String to, State state) {
    /** How far it is, as the configuration says; the fences of both databases say it exactly. */
    public enum State {
        /** Under way. */
        GRANTED,
        /** Done, and the old copy is given up. */
        MOVED,
        /** Taken back: the shard is where it was. */
        CANCELLED,
        /** Opened, but the copies were found to differ: nothing is deleted, and no mover goes on by itself. */
        DIFFERS
    }

    Grant as(State other) {
        return new Grant(shard, epoch, from, to, other);
    }
}
