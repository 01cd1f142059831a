package io.rialto.protocol.audience;

/** A part of a rule. Immutable; asks for attributes only. */
@FunctionalInterface
interface Condition {
    Verdict test(Attributes attributes, long nowMillis);
}
