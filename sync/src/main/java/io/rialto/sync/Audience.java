package io.rialto.sync;

/** Decides who gets a message to everyone. From any thread; must not block. */
@FunctionalInterface
public interface Audience {
    /**
     * Whether the device of a want is among those that a rule names.
     *
     * @param rule as it was published, JSON
     */
    boolean includes(String rule, Want want);
}
