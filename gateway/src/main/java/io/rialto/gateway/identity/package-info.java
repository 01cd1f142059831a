/**
 * Who calls: the platform's own tokens, JWTs of identity providers, and the memories that refuse replays. Texts and keys
 * enter, trusted in nothing; identities leave, or a {@link io.rialto.protocol.ProtocolException} with the reason.
 *
 * <p>Apart from the call steps because it knows nothing of HTTP, and so that what is security-critical is reviewed in one
 * place. Must not be here: what a caller may do.
 */
@NullMarked
package io.rialto.gateway.identity;

import org.jspecify.annotations.NullMarked;
