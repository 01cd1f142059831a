package io.rialto.cells.move;

import io.rialto.cells.Fence;
import java.util.Optional;

/**
 * What a database says of a shard.
 *
 * @param barred epoch up to which nothing closes the shard here any more; or 0
 */
record Held(Fence.Row row, long barred) {
    /** A shard that a database has never heard of was never there. */
    static Held absent(int shard) {
        return new Held(new Fence.Row(shard, 1, Fence.State.ABSENT, Optional.empty()), 0);
    }

    /** Whether what is here of the shard may be replaced: another cell has the good copy. */
    boolean purgeable() {
        return switch (row.state()) {
            case ABSENT, REFUSED, RETIRED -> true;
            case OPEN, CLOSED -> false;
        };
    }

    /** Whether the shard was opened here by this epoch or a later one, and its rows are, or were, the good copy. */
    boolean openedBy(long epoch) {
        return row.epoch() >= epoch
                && switch (row.state()) {
                    case OPEN, CLOSED, RETIRED -> true;
                    case ABSENT, REFUSED -> false;
                };
    }

    boolean isAt(Fence.State state, long epoch) {
        return row.state() == state && row.epoch() == epoch;
    }

    /** Of the epochs that the shard has had here, or must not get any more. */
    long highest() {
        return Math.max(row.epoch(), barred);
    }

    Held becomes(Fence.State state, long epoch, Optional<String> next) {
        return new Held(new Fence.Row(row.shard(), epoch, state, next), barred);
    }

    Held barring(long epoch) {
        return new Held(row, Math.max(barred, epoch));
    }
}
