/**
 * Tells backends what became of their messages, by signed calls to their webhooks.
 *
 * <p>Enters: events of the cell's database, webhooks of the configuration. Leaves: HTTP calls, each event at least once.
 *
 * <p>Must not be here: contents of messages; an event that is in no database.
 */
@NullMarked
package io.rialto.sync.webhook;

import org.jspecify.annotations.NullMarked;
