/**
 * Rates: token buckets on one node, and users' limits that hold across the nodes of a cell. Keys and times enter, grants
 * leave; how nodes reach each other is a port.
 *
 * <p>Apart because it knows nothing of calls, and is tested with a clock of its own. Must not be here: HTTP, reasons.
 */
@NullMarked
package io.rialto.gateway.limit;

import org.jspecify.annotations.NullMarked;
