/**
 * The sample: the backend of a wallet, one Spring context per cell, on the starter. Users have handles (global cell) and
 * accounts (their own cell); money moves by double entries behind the fence, and between cells by an outbox, a relay and
 * a credit that is applied once. {@code wallet.proto} is what phones see; {@code docs/wallet.md} says why it is exact.
 *
 * <p>Enters: calls through the starter, one PostgreSQL database per cell. Leaves: answers, credits to other cells by way
 * of the gateways. {@link io.rialto.wallet.LedgerCheck} reads the databases of all cells and proves the books.
 *
 * <p>Must not be here: anything of the gateway or of cells but the SQL function {@code rialto.fence}; a write outside
 * {@code FencedTransactions}.
 */
@NullMarked
package io.rialto.wallet;

import org.jspecify.annotations.NullMarked;
