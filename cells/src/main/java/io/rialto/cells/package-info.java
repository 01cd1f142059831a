/**
 * Which cell a user belongs to, and the fence that makes it true in the cell's database.
 *
 * <p>Enters: the section {@code table} of the snapshot; a cell's database. Leaves: the {@link io.rialto.cells.Place} of a
 * user or of the global data, the addresses of a cell's nodes, and a database in which a write for a shard that has
 * moved away cannot commit.
 *
 * <p>Must not be here: calls and sockets; what is stored for a user; any decision that waits for control.
 */
@NullMarked
package io.rialto.cells;

import org.jspecify.annotations.NullMarked;
