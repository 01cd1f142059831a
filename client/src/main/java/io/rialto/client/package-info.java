/**
 * The SDK of a phone or any JVM: calls by operation, sealed for the gateway of the user's cell.
 *
 * <p>Enters: an app's calls, boot addresses, pinned server keys, a place to store a few small values. Leaves: answers,
 * or a {@link io.rialto.client.CallException} that says whether the operation may have been done. Start at {@link
 * io.rialto.client.Rialto}, whose constructor lists every step of a call.
 *
 * <p>Must not be here: an HTTP, JSON or protobuf library (they have packages of their own), anything of a server,
 * anything that Android API 26 lacks, or a logging library; what is worth telling goes to a {@link
 * io.rialto.client.Reporter}.
 *
 * <p>Threads: a call runs on its caller's thread, an asynchronous one on the client's executor. No lock is held across
 * I/O or a callback; of calls that need a new session, one opens it and the others wait for its outcome.
 */
@NullMarked
package io.rialto.client;

import org.jspecify.annotations.NullMarked;
