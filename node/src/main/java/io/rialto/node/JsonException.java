package io.rialto.node;

import org.jspecify.annotations.Nullable;

/** Bytes that are no JSON document. */
public final class JsonException extends Exception {
    private static final long serialVersionUID = 1;

    public JsonException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
