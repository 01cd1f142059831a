/**
 * The planned move of a shard from one live cell to another.
 *
 * <p>Enters: the configuration that control keeps, of which a grant is the permission for one move, and the databases of
 * both cells as their administrator. Leaves: the shard open in the other cell at a higher epoch, the routing table changed
 * accordingly, and nothing left behind. All state is in the databases and in the configuration: any process may take a
 * move up where another one left it.
 *
 * <p>By the same streams the read copies of the global data are kept, in the cells that do not own it: {@link
 * io.rialto.cells.move.GlobalCopy}.
 *
 * <p>Must not be here: failovers; which shards ought to move; how control is reached.
 */
@NullMarked
package io.rialto.cells.move;

import org.jspecify.annotations.NullMarked;
