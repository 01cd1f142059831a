/**
 * The gateway's event loops: one group for all of its connections, towards phones and towards backends, so that a call
 * stays on one thread. Each loop has what is shared by all parts that live on it: work for the end of a turn, and the
 * measure of its delay.
 *
 * <p>Must not be here: protocols, calls.
 */
@NullMarked
package io.rialto.gateway.loop;

import org.jspecify.annotations.NullMarked;
