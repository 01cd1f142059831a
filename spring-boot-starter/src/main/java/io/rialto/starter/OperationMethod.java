package io.rialto.starter;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Operation;
import io.rialto.protocol.OperationName;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.ClassUtils;
import tools.jackson.databind.json.JsonMapper;

/** One {@code @Operation} method of a bean: {@code answer method(request)}, with a Caller or a CallContext after it. */
final class OperationMethod {
    private final OperationName name;
    private final boolean idempotent;
    private final Object bean;
    private final Method method;
    private final MessageCodec request;
    private final MessageCodec answer;

    private OperationMethod(Operation operation, Object bean, Method method, JsonMapper json) {
        name = OperationName.of(operation.value());
        idempotent = operation.idempotent();
        this.bean = bean;
        this.method = method;
        Class<?>[] parameters = method.getParameterTypes();
        boolean known = parameters.length == 1
                || parameters.length == 2 && (parameters[1] == Caller.class || parameters[1] == CallContext.class);
        if (!known || method.getReturnType() == void.class) {
            throw new IllegalStateException("operation " + name + ": " + method
                    + " (expected: an answer from (request), (request, Caller) or (request, CallContext))");
        }
        method.setAccessible(true);
        request = MessageCodec.of(method.getGenericParameterTypes()[0], json);
        answer = MessageCodec.of(bare(method.getGenericReturnType()), json);
        if (request.speaksProto() != answer.speaksProto()) {
            throw new IllegalStateException("operation " + name + ": " + method
                    + " (expected: request and answer both protobuf messages, or neither)");
        }
    }

    /** The answer's type without {@link Bound} around it. */
    private static Type bare(Type type) {
        return type instanceof ParameterizedType bound && bound.getRawType() == Bound.class
                ? bound.getActualTypeArguments()[0]
                : type;
    }

    /** Every operation of every singleton, by path. */
    static Map<String, OperationMethod> ofBeans(ListableBeanFactory beans, JsonMapper json) {
        Map<String, OperationMethod> byPath = new HashMap<>();
        for (String beanName : beans.getBeanDefinitionNames()) {
            Class<?> type = beans.getType(beanName);
            if (type == null || !beans.isSingleton(beanName)) {
                continue;
            }
            Map<Method, Operation> methods = MethodIntrospector.selectMethods(
                    ClassUtils.getUserClass(type), (MethodIntrospector.MetadataLookup<@Nullable Operation>)
                            m -> AnnotationUtils.findAnnotation(m, Operation.class));
            methods.forEach((method, operation) -> {
                OperationMethod found = new OperationMethod(operation, beans.getBean(beanName), method, json);
                OperationMethod other = byPath.put(found.name.path(), found);
                if (other != null) {
                    throw new IllegalStateException("operation " + found.name + ": " + found.method + " and "
                            + other.method + " (expected: one method)");
                }
            });
        }
        return Map.copyOf(byPath);
    }

    OperationName name() {
        return name;
    }

    boolean idempotent() {
        return idempotent;
    }

    MessageCodec request() {
        return request;
    }

    MessageCodec answer() {
        return answer;
    }

    Object invoke(Object message, CallContext context) throws Throwable {
        try {
            Object result;
            if (method.getParameterCount() == 1) {
                result = method.invoke(bean, message);
            } else if (method.getParameterTypes()[1] == Caller.class) {
                result = method.invoke(bean, message, context.caller());
            } else {
                result = method.invoke(bean, message, context);
            }
            if (result == null) {
                throw new IllegalStateException("operation " + name + ": " + method + " returned null");
            }
            return result;
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }
}
