/**
 * Messages whose time comes later, kept in the database of their user's cell.
 *
 * <p>Enters: messages with a time or a repetition. Leaves: publishes to the inbox of the cell, each occurrence with a key
 * of its own, so that it is stored once whatever dies in between.
 *
 * <p>Must not be here: a decision by the clock of a node; calls to other cells.
 */
@NullMarked
package io.rialto.sync.schedule;

import org.jspecify.annotations.NullMarked;
