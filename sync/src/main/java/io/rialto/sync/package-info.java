/**
 * Messages: what a backend publishes is kept in the inbox of its user's cell, and every device of the user gets it in
 * order, once.
 *
 * <p>Enters: publishes of backends, streams of devices, the section {@code sync} of the snapshot. Leaves: batches and
 * beats to devices, hints to other nodes of the cell, traces. The way of a message is in {@code docs/messages.md}.
 *
 * <p>Must not be here: sockets and HTTP, which reach this room as ports; any order or decision that depends on a clock
 * of a node; contents in a hint.
 */
@NullMarked
package io.rialto.sync;

import org.jspecify.annotations.NullMarked;
