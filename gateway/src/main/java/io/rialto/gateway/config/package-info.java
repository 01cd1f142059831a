/**
 * What operators say about calls, checked: the sections {@code gateway} and {@code keys} of a snapshot as records. JSON
 * enters; values that are consistent in themselves leave, or a {@link io.rialto.gateway.config.ConfigException} with
 * everything that is wrong.
 *
 * <p>A package of its own, because the steps, the identity and whoever wires a node read it. Must not be here: state,
 * time, sockets.
 */
@NullMarked
package io.rialto.gateway.config;

import org.jspecify.annotations.NullMarked;
