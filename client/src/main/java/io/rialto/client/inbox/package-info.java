/**
 * The device's end of its inbox: keeps a stream open, hands messages to the app in order and each once, acknowledges what
 * is durable.
 *
 * <p>Enters: frames by a {@link io.rialto.client.inbox.Line}, handlers of the app, a directory for journals. Leaves:
 * messages to handlers, acknowledgements and receipts to the platform. Start at {@link io.rialto.client.inbox.Inbox}; which
 * of its three ways promises what stands in {@code docs/client.md}.
 *
 * <p>Must not be here: HTTP, sessions, seals, gateways (all behind the line), or what a message means.
 *
 * <p>Threads, all daemons: {@code rialto-sync} opens the stream and reads it, {@code rialto-inbox} runs handlers and writes
 * journals, {@code rialto-sync-timer} ends streams that went silent. Between the first two is a bounded queue: while it is
 * full the stream is not read, and the platform stops sending. No lock is held while a handler runs or the network is used.
 */
@NullMarked
package io.rialto.client.inbox;

import org.jspecify.annotations.NullMarked;
