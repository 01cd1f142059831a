package io.rialto.client;

import io.rialto.client.codec.Codec;
import io.rialto.protocol.Operation;
import io.rialto.protocol.OperationName;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One method of a service's interface, understood: its operation, its message, its answer. */
final class ServiceMethod {
    private final OperationName operation;
    private final boolean idempotent;
    private final boolean async;
    private final Type answer;
    private final Codec codec;
    private final int messageIndex;
    private final int optionsIndex;

    private ServiceMethod(
            OperationName operation,
            boolean idempotent,
            boolean async,
            Type answer,
            Codec codec,
            int messageIndex,
            int optionsIndex) {
        this.operation = operation;
        this.idempotent = idempotent;
        this.async = async;
        this.answer = answer;
        this.codec = codec;
        this.messageIndex = messageIndex;
        this.optionsIndex = optionsIndex;
    }

    /**
     * Understands a method.
     *
     * @throws IllegalArgumentException where it is no operation, says what is wrong with it
     */
    static ServiceMethod of(Method method, List<Codec> codecs) {
        Operation annotation = method.getAnnotation(Operation.class);
        if (annotation == null || method.isDefault() || Modifier.isStatic(method.getModifiers())) {
            throw wrong(method, "an abstract method with @Operation(\"service/method\")");
        }
        int messageIndex = -1;
        int optionsIndex = -1;
        Type[] parameters = method.getGenericParameterTypes();
        for (int i = 0; i < parameters.length; i++) {
            if (parameters[i] == CallOptions.class && optionsIndex < 0) {
                optionsIndex = i;
            } else if (messageIndex < 0) {
                messageIndex = i;
            } else {
                throw wrong(method, "at most one message and one CallOptions");
            }
        }
        Type answer = method.getGenericReturnType();
        boolean async = method.getReturnType() == CompletableFuture.class;
        if (async) {
            if (!(answer instanceof ParameterizedType)) {
                throw wrong(method, "CompletableFuture<T>");
            }
            answer = ((ParameterizedType) answer).getActualTypeArguments()[0];
        }
        Type message = messageIndex >= 0 ? parameters[messageIndex] : answer;
        Codec codec = codecOf(method, codecs, nothing(message) ? Object.class : message);
        if (!nothing(answer) && !codec.handles(answer)) {
            throw wrong(method, "an answer that the codec of its message reads, " + codec.contentType());
        }
        return new ServiceMethod(
                operationOf(method, annotation.value()),
                annotation.idempotent(),
                async,
                answer,
                codec,
                messageIndex,
                optionsIndex);
    }

    private static OperationName operationOf(Method method, String name) {
        try {
            return OperationName.of(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("service method: " + method + ": " + e.getMessage(), e);
        }
    }

    private static Codec codecOf(Method method, List<Codec> codecs, Type type) {
        for (Codec codec : codecs) {
            if (codec.handles(type)) {
                return codec;
            }
        }
        throw wrong(method, "a message that one of the client's codecs handles, not " + type);
    }

    private static IllegalArgumentException wrong(Method method, String expected) {
        return new IllegalArgumentException("service method: " + method + " (expected: " + expected + ")");
    }

    private static boolean nothing(Type type) {
        return type == void.class || type == Void.class;
    }

    OperationName operation() {
        return operation;
    }

    boolean idempotent() {
        return idempotent;
    }

    boolean async() {
        return async;
    }

    Codec codec() {
        return codec;
    }

    /** Whether an answer's message is of no interest. */
    boolean answersNothing() {
        return nothing(answer);
    }

    Type answer() {
        return answer;
    }

    @Nullable
    Object message(@Nullable Object[] arguments) {
        return messageIndex < 0 ? null : arguments[messageIndex];
    }

    CallOptions options(@Nullable Object[] arguments) {
        Object options = optionsIndex < 0 ? null : arguments[optionsIndex];
        return options == null ? CallOptions.NONE : (CallOptions) options;
    }
}
