/**
 * The inbox in the database of a cell, schema {@code inbox}: publishes written in fenced batches, reads for many devices at
 * once, cursors, receipts, retention.
 *
 * <p>Enters: checked publications and acknowledgements. Leaves: sequences after their commit, slices of a sequence.
 * This is the only package of the room that speaks SQL.
 *
 * <p>Must not be here: who may publish, streams, hints.
 */
@NullMarked
package io.rialto.sync.inbox;

import org.jspecify.annotations.NullMarked;
