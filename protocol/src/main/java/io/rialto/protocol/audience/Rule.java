package io.rialto.protocol.audience;

import java.util.Set;

/** A compiled audience rule. Immutable; asking takes time by its size, which is bounded, and never fails. */
public final class Rule {
    /** Matches everyone. */
    public static final Rule EVERYONE = new Rule((attributes, nowMillis) -> Verdict.YES, Set.of());

    private final Condition condition;
    private final Set<String> attributes;

    private Rule(Condition condition, Set<String> attributes) {
        this.condition = condition;
        this.attributes = attributes;
    }

    /**
     * Compiles a rule.
     *
     * @param tree of the rule's JSON: {@code Map}s with text keys, {@code List}s, texts, {@code Number}s, {@code Boolean}s
     * @throws IllegalArgumentException that says where the rule is wrong, and what was expected
     */
    public static Rule of(Object tree) {
        RuleReader reader = new RuleReader();
        Condition condition = reader.read(tree);
        return new Rule(condition, reader.attributes());
    }

    /** The names of the attributes that the rule asks for, so that one that is never known can be refused. */
    public Set<String> attributes() {
        return attributes;
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
