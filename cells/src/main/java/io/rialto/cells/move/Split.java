package io.rialto.cells.move;

/**
 * A single user's way from the common shard to a shard of their own, or back; of each user the newest is kept, so that the
 * number of the shard stays theirs and no epoch is given twice.
 *
 * @param shard the user's own
 * @param epoch that the own shard gets
 * @param common the shard that the user shares with others
 * @param commonEpoch that the common shard gets, where the user leaves it
 * @param unit that has both
 */
public record Split(String user, int shard, long epoch, int common, long commonEpoch, String unit, State state) {
    /** How far it is. */
    public enum State {
        /** The user's rows are being given the number of the own shard. */
        PARTING,
        /** The user has a shard of their own, which moves as any other. */
        APART,
        /** The user's rows are being given the number of the common shard. */
        RETURNING,
        /** The user is in the common shard again. */
        HOME
    }

    boolean isUnderWay() {
        return state == State.PARTING || state == State.RETURNING;
    }

    Split as(State other) {
        return new Split(user, shard, epoch, common, commonEpoch, unit, other);
    }
}
