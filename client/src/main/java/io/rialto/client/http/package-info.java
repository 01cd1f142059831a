/**
 * HTTP requests to a gateway, and the one place that knows the HTTP library.
 *
 * <p>Enters: a request to send within a time limit, and who to trust. Leaves: the answer as bytes, or a {@link
 * io.rialto.client.http.TransportException} that says whether the request may have reached the other side.
 *
 * <p>Must not be here: what a call means, retries, sessions, or keys. This package never sends a request twice.
 */
@NullMarked
package io.rialto.client.http;

import org.jspecify.annotations.NullMarked;
