package io.rialto.protocol.audience;

/** What a part of a rule says; {@link #UNKNOWN} where an attribute is missing, and then nothing makes it a yes. */
enum Verdict {
    NO,
    UNKNOWN,
    YES;

    static Verdict of(boolean yes) {
        return yes ? YES : NO;
    }

    Verdict negated() {
        return this == UNKNOWN ? UNKNOWN : of(this == NO);
    }
}
