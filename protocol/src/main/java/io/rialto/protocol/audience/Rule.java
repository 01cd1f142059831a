package io.rialto.protocol.audience;

/** A compiled audience rule. Immutable; asking takes time by its size, which is bounded, and never fails. */
public final class Rule {
    /** Matches everyone. */
    public static final Rule EVERYONE = new Rule((attributes, nowMillis) -> Verdict.YES);

    private final Condition condition;

    private Rule(Condition condition) {
        this.condition = condition;
    }

    /**
     * Compiles a rule.
     *
     * @param tree of the rule's JSON: {@code Map}s with text keys, {@code List}s, texts, {@code Number}s, {@code Boolean}s
     * @throws IllegalArgumentException that says where the rule is wrong, and what was expected
     */
    public static Rule of(Object tree) {
        return new Rule(new RuleReader().read(tree));
    }

    /**
     * Whether the rule matches.
     *
     * @param nowMillis the time, by the server's clock
     */
    public boolean matches(Attributes attributes, long nowMillis) {
        return condition.test(attributes, nowMillis) == Verdict.YES;
    }
}
