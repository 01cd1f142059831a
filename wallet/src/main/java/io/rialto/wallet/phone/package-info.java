/**
 * Simulated phones of the wallet: they use the client SDK and nothing else of Rialto.
 *
 * <p>Enters: gateways' addresses, a certificate authority, pinned server keys. Leaves: a live table, a summary as JSON, and
 * the ids of transfers that were acknowledged, for {@link io.rialto.wallet.LedgerCheck}. Must not be here: the backend's
 * classes other than its messages.
 */
@NullMarked
package io.rialto.wallet.phone;

import org.jspecify.annotations.NullMarked;
