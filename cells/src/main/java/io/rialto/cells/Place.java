package io.rialto.cells;

/**
 * Where the data of a shard is: one value per shard of a table, made when the table is read.
 *
 * @param shard the user's shard, a single user's own shard (1000 and up), or {@link RoutingTable#GLOBAL_SHARD}
 * @param epoch rises with every planned move of the shard; the fence of the owner's database holds the same
 * @param unit the unit that the shard is assigned to
 * @param cell the cell where the unit is served
 */
public record Place(int shard, long epoch, Unit unit, Cell cell) {}
