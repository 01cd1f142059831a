package io.rialto.client;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns calls of a service's interface into calls of operations. */
final class ServiceProxy implements InvocationHandler {
    private static final @Nullable Object[] NO_ARGUMENTS = {};

    private final Class<?> service;
    private final Map<Method, ServiceMethod> methods;
    private final Rialto client;

    ServiceProxy(Class<?> service, Map<Method, ServiceMethod> methods, Rialto client) {
        this.service = service;
        this.methods = methods;
        this.client = client;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // a proxy equals itself alone
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] given) {
        @Nullable Object[] arguments = given == null ? NO_ARGUMENTS : given;
        if (method.getDeclaringClass() == Object.class) {
            switch (method.getName()) {
                case "equals":
                    return proxy == arguments[0];
                case "hashCode":
                    return System.identityHashCode(proxy);
                default:
                    return service.getName() + " of " + client;
            }
        }
        ServiceMethod operation = methods.get(method);
        if (operation == null) {
            throw new IllegalStateException("method: " + method + " (expected: one of " + service.getName() + ")");
        }
        return client.invoke(operation, arguments);
    }
}
