/**
 * Disaster failover: which server of a unit is the primary, and how another one takes over when it is lost, so that no
 * acknowledged write is lost and the old primary, which may still run, can acknowledge nothing.
 *
 * <p>Enters: what control remembers of a unit, and its servers. Leaves: a promoted server, the next generation, and the
 * other servers following it.
 *
 * <p>Must not be here: clocks in decisions about data; planned moves of shards, which never change a unit's servers.
 */
@NullMarked
package io.rialto.cells.failover;

import org.jspecify.annotations.NullMarked;
