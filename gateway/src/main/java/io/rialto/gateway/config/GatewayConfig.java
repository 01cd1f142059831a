package io.rialto.gateway.config;

import io.rialto.gateway.upstream.BackendSettings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * The section {@code gateway}.
 *
 * @param apps by id
 * @param operations by path, {@code /service/method}
 */
public record GatewayConfig(
        Map<String, App> apps, List<BackendSettings> backends, Map<String, OperationConfig> operations, Bounds bounds) {
    public GatewayConfig {
        apps = Map.copyOf(apps);
        backends = List.copyOf(backends);
        operations = Map.copyOf(operations);
    }

    /** One with operations and apps and all else at its default. */
    public static GatewayConfig of(List<App> apps, List<OperationConfig> operations) {
        Map<String, App> appsById = new LinkedHashMap<>();
        apps.forEach(app -> appsById.put(app.id(), app));
        Map<String, OperationConfig> byPath = new LinkedHashMap<>();
        operations.forEach(operation -> byPath.put(operation.name().path(), operation));
        return new GatewayConfig(appsById, List.of(), byPath, Bounds.DEFAULT);
    }

    /**
     * How much a node takes on.
     *
     * @param maxInFlight calls at one time per event loop
     * @param queueDelayMillis the least delay of an event loop's queue over 100 ms from which calls are shed
     * @param cacheBytes of answers kept; 0 for no cache
     * @param credentialSeconds life of a device's credential
     * @param userSessionSeconds life of a session token
     * @param ticketSeconds life of a sealed session
     */
    public record Bounds(
            int maxInFlight,
            int queueDelayMillis,
            long cacheBytes,
            long credentialSeconds,
            long userSessionSeconds,
            long ticketSeconds) {
        public static final Bounds DEFAULT = new Bounds(10_000, 50, 64L << 20, 365L * 86_400, 30L * 86_400, 86_400);

        private static Bounds read(Fields fields) {
            Bounds bounds = new Bounds(
                    fields.integer("max-in-flight", DEFAULT.maxInFlight, 1, 1_000_000),
                    fields.integer("queue-delay-ms", DEFAULT.queueDelayMillis, 1, 10_000),
                    fields.number("cache-bytes", DEFAULT.cacheBytes, 0, 1L << 40),
                    fields.number("credential-seconds", DEFAULT.credentialSeconds, 60, 10L * 365 * 86_400),
                    fields.number("user-session-seconds", DEFAULT.userSessionSeconds, 60, 365L * 86_400),
                    fields.number("ticket-seconds", DEFAULT.ticketSeconds, 60, 30L * 86_400));
            fields.end();
            return bounds;
        }
    }

    /**
     * Reads the section.
     *
     * @throws ConfigException that names everything wrong with it
     */
    public static GatewayConfig parse(JsonNode json) throws ConfigException {
        List<String> errors = new ArrayList<>();
        Fields fields = new Fields("", json, errors);
        Map<String, App> apps = App.readAll(fields.children("apps"));
        Set<String> services = new HashSet<>();
        List<BackendSettings> backends = backends(fields, services);
        Map<String, OperationConfig> operations = new LinkedHashMap<>();
        for (Fields operation : fields.children("operations")) {
            add(operations, operation, apps, services);
        }
        GatewayConfig config = new GatewayConfig(apps, backends, operations, Bounds.read(fields.child("bounds")));
        fields.end();
        if (!errors.isEmpty()) {
            throw new ConfigException("gateway", errors);
        }
        return config;
    }

    /** All that is wrong with a section, for whoever must not accept a bad one; empty where it can be served. */
    public static List<String> errors(JsonNode json) {
        try {
            parse(json);
            return List.of();
        } catch (ConfigException wrong) {
            return wrong.errors().stream().map(error -> "gateway." + error).toList();
        }
    }

    /** @param services takes the names, those of bad entries too, whose operations are not wrong as well */
    private static List<BackendSettings> backends(Fields fields, Set<String> services) {
        List<BackendSettings> all = new ArrayList<>();
        for (Fields entry : fields.children("backends")) {
            String service = entry.required("service");
            if (!services.add(service)) {
                entry.wrong("service", service, "each service once");
            }
            BackendSettings settings = entry.whole(BackendSettings::parse);
            if (settings != null) {
                all.add(settings);
            }
        }
        return all;
    }

    private static void add(
            Map<String, OperationConfig> operations, Fields fields, Map<String, App> apps, Set<String> services) {
        OperationConfig operation = OperationConfig.read(fields);
        if (operation == null) {
            return;
        }
        if (operation.name().service().startsWith("rialto.")) {
            fields.wrong("name", operation.name(), "a service of yours; rialto.* is the platform's");
        }
        if (!operation.app().isEmpty() && !apps.containsKey(operation.app())) {
            fields.wrong("app", operation.app(), "one of apps, " + apps.keySet());
        }
        if (!services.contains(operation.backend())) {
            fields.wrong("backend", operation.backend(), "a service of backends, " + services);
        }
        if (operations.put(operation.name().path(), operation) != null) {
            fields.wrong("name", operation.name(), "each operation once");
        }
    }
}
