/**
 * A platform in the process of a test: gateways on loopback that enrol devices, shake hands, open and seal, verify
 * signatures and refuse, for real and with the protocol's own classes; behind them handlers by operation.
 *
 * <p>Enters: handlers, faults, the number of cells. Leaves: addresses and keys to build a client with, and what was
 * seen. Must not be here: anything that a phone carries; it is in the test artifact, for JVMs.
 */
@NullMarked
package io.rialto.client.fake;

import org.jspecify.annotations.NullMarked;
