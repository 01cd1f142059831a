/**
 * What every server process has, whatever its role: settings bound to records, secrets in files, the signed
 * configuration snapshot and its follower, JSON sections read strictly, meters, logging, and an ordered life.
 *
 * <p>Enters: settings of an operator (file, environment, command line), snapshots from control or from disk, none of
 * them trusted before they are checked. Leaves: checked records, and messages that say what was wrong, what was expected
 * and where it came from.
 *
 * <p>Must not be here: the meaning of any section of the snapshot, anything about users, calls, cells or backends, and
 * static state. What speaks to PostgreSQL is in {@link io.rialto.node.postgres}.
 */
@NullMarked
package io.rialto.node;

import org.jspecify.annotations.NullMarked;
