package io.rialto.protocol;

import java.util.Objects;

/**
 * The name of an operation, {@code service/method}, as in gRPC and Connect; its path is {@code /service/method}. A
 * service is dotted identifiers, at most {@value #MAX_SERVICE} characters; a method is one identifier, at most
 * {@value #MAX_METHOD}.
 */
public final class OperationName {
    /** Room for a reversed domain and a nested package. */
    public static final int MAX_SERVICE = 128;

    public static final int MAX_METHOD = 64;

    private final String service;
    private final String method;

    private OperationName(String service, String method) {
        this.service = service;
        this.method = method;
    }

    /**
     * Reads {@code service/method}.
     *
     * @throws IllegalArgumentException where the text is no such name
     */
    public static OperationName of(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("operation: " + text + " (expected: service/method)");
        }
        String service = text.substring(0, slash);
        String method = text.substring(slash + 1);
        if (service.length() > MAX_SERVICE || !isDotted(service)) {
            throw new IllegalArgumentException(
                    "service: " + service + " (expected: dotted identifiers, at most " + MAX_SERVICE + " characters)");
        }
        if (method.length() > MAX_METHOD || method.indexOf('.') >= 0 || !isDotted(method)) {
            throw new IllegalArgumentException(
                    "method: " + method + " (expected: an identifier, at most " + MAX_METHOD + " characters)");
        }
        return new OperationName(service, method);
    }

    private static boolean isDotted(String text) {
        boolean start = true;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_';
            if (start ? !letter : !(letter || c >= '0' && c <= '9' || c == '.')) {
                return false;
            }
            start = c == '.';
        }
        return !start;
    }

    public String service() {
        return service;
    }

    public String method() {
        return method;
    }

    /** {@code /service/method}. */
    public String path() {
        return "/" + this;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OperationName
                && service.equals(((OperationName) other).service)
                && method.equals(((OperationName) other).method);
    }

    @Override
    public int hashCode() {
        return Objects.hash(service, method);
    }

    @Override
    public String toString() {
        return service + "/" + method;
    }
}
