package io.rialto.node;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Describes one component of a settings record; see {@link Settings}. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
    /** The default, written as an operator would write it; empty for an absent {@code Optional} or an empty list. */
    String value() default "";

    /** One line for people: what it is for, with its unit where the type does not carry one. */
    String doc();

    /** The smallest number allowed, for {@code int} and {@code long}. */
    long min() default Long.MIN_VALUE;

    /** The largest number allowed, for {@code int} and {@code long}. */
    long max() default Long.MAX_VALUE;
}
