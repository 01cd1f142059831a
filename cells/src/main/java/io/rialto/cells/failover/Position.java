package io.rialto.cells.failover;

import java.util.Comparator;

/**
 * How much of the log a server has. Lengths compare only within a generation: a server that did not take part in the
 * last one may have a long tail that nobody was told of, and must not win by it.
 *
 * @param generation of the newest generation row
 * @param lsn up to where it has replayed, which is all that it has
 */
record Position(long generation, long lsn) implements Comparable<Position> {
    private static final Comparator<Position> ORDER =
            Comparator.comparingLong(Position::generation).thenComparing(Position::lsn, Long::compareUnsigned);

    @Override
    public int compareTo(Position other) {
        return ORDER.compare(this, other);
    }
}
