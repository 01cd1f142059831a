/**
 * Audience rules: who is meant by a message, a release or a switch, decided alike on phones and servers.
 *
 * <p>Enters: a rule as the tree of a JSON value, attributes of a device. Leaves: whether the rule matches. The rules are
 * in {@code docs/protocol.md}, section "Audience rules", with vectors in {@code vectors/audience.json}.
 *
 * <p>Must not be here: a JSON library, lists of millions of ids, patterns that can take long, randomness.
 */
@NullMarked
package io.rialto.protocol.audience;

import org.jspecify.annotations.NullMarked;
