package io.rialto.cells;

/**
 * A part of a cell's backends that gets its share of the cell's users: what blue/green releases weigh.
 *
 * @param colour what backend instances of this part register with
 * @param weight its share of the cell's users in parts of {@link #WHOLE}; those of one cell add up to it
 */
public record DeployUnit(String id, String colour, int weight) {
    /** All users of a cell: a share of one in ten thousand can be told. */
    public static final int WHOLE = 10_000;
}
