/**
 * HTTP messages as the parts of the gateway hand them to each other: whole, in memory, owned by one event loop.
 *
 * <p>Must not be here: sockets, codecs, policies.
 */
@NullMarked
package io.rialto.gateway.http;

import org.jspecify.annotations.NullMarked;
