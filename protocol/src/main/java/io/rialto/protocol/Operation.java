package io.rialto.protocol;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names the operation that a method is: of a backend's bean that serves it, or of a client's interface that calls it. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Operation {
    /** {@code service/method}. */
    String value();

    /** Whether calling it twice is the same as once even without an idempotency key; clients retry such calls. */
    boolean idempotent() default false;
}
