package io.rialto.cells;

/**
 * A set of shards' data that fails over as one.
 *
 * @param generation rises with every failover of the unit
 * @param cell the id of the cell where it is served
 */
public record Unit(String id, long generation, String cell) {}
