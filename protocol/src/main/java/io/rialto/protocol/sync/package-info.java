/**
 * The frames between a device and its inbox, as {@code rialto/sync.proto} defines them: sync keys, batches, beats.
 *
 * <p>Enters: bytes of protobuf messages from the other side. Leaves: immutable values, or a
 * {@link io.rialto.protocol.ProtocolException} with {@code malformed_frame}. Unknown fields are passed over, so that
 * either side may be newer.
 *
 * <p>Must not be here: streams, storage, or what backends say to the inbox. Written by hand, since a phone should not
 * need a protobuf runtime for these few frames; a test holds it against generated code.
 */
@NullMarked
package io.rialto.protocol.sync;

import org.jspecify.annotations.NullMarked;
