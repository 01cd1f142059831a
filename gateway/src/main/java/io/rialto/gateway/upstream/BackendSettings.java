package io.rialto.gateway.upstream;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * How to reach one service's backends, and with what policies: an entry of {@code backends}. The keys and defaults are
 * in {@code docs/upstream.md}.
 *
 * @param addresses by cell; a node uses those of its own cell
 * @param dns a name whose addresses are backends too, or null
 * @param registered whether backends may register themselves
 * @param tryMillis for one try; the call's own time-out covers all tries
 * @param maxConnections to one backend from this node, shared out among the event loops
 * @param idleMillis after which an unused connection is closed; below the backend's own keep-alive time
 * @param maxInFlight calls of this service at one time on this node
 * @param retryBudgetPercent retries and hedges allowed per 100 calls, beyond a small floor
 * @param maxTries of one call, the first included
 * @param hedgeAfterMillis when a second try of a repeatable call starts beside the first; 0 for never
 */
public record BackendSettings(
        String service,
        BackendProtocol protocol,
        Map<String, List<Address>> addresses,
        @Nullable Address dns,
        int dnsRefreshMillis,
        boolean registered,
        int tryMillis,
        int connectMillis,
        int maxConnections,
        int idleMillis,
        int maxInFlight,
        int maxAnswerBytes,
        int retryBudgetPercent,
        int maxTries,
        int hedgeAfterMillis,
        Breaker breaker,
        Health health) {
    static final int MAX_ADDRESSES = 1_024;
    private static final int HOUR_MILLIS = 3_600_000;

    public BackendSettings {
        if (service.isEmpty() || service.length() > 128) {
            throw new IllegalArgumentException("service: " + service + " (expected: 1 to 128 characters)");
        }
        between("dns-refresh-ms", dnsRefreshMillis, 100, HOUR_MILLIS);
        between("timeout-ms", tryMillis, 1, HOUR_MILLIS);
        between("connect-timeout-ms", connectMillis, 1, 60_000);
        between("max-connections", maxConnections, 1, 100_000);
        between("idle-ms", idleMillis, 100, HOUR_MILLIS);
        between("max-in-flight", maxInFlight, 1, 1_000_000);
        between("max-answer-bytes", maxAnswerBytes, 1_024, 1 << 30);
        between("retry-budget-percent", retryBudgetPercent, 0, 100);
        between("max-tries", maxTries, 1, 10);
        between("hedge-after-ms", hedgeAfterMillis, 0, HOUR_MILLIS);
        addresses.forEach((cell, list) -> between("addresses of " + cell, list.size(), 0, MAX_ADDRESSES));
        addresses = Map.copyOf(addresses);
    }

    /** The settings of a service with all defaults, and these addresses in one cell. */
    public static BackendSettings of(String service, BackendProtocol protocol, String cell, List<Address> addresses) {
        return new BackendSettings(
                service,
                protocol,
                Map.of(cell, List.copyOf(addresses)),
                null,
                Defaults.DNS_REFRESH_MILLIS,
                true,
                Defaults.TRY_MILLIS,
                Defaults.CONNECT_MILLIS,
                Defaults.MAX_CONNECTIONS,
                Defaults.IDLE_MILLIS,
                Defaults.MAX_IN_FLIGHT,
                Defaults.MAX_ANSWER_BYTES,
                Defaults.RETRY_BUDGET_PERCENT,
                Defaults.MAX_TRIES,
                0,
                Breaker.DEFAULT,
                Health.NONE);
    }

    /** The same for the instances of one colour alone, which have registered as such; a service of its own beside this one. */
    public BackendSettings ofColour(String colour) {
        return new BackendSettings(
                Service.coloured(service, colour),
                protocol,
                Map.of(),
                null,
                dnsRefreshMillis,
                registered,
                tryMillis,
                connectMillis,
                maxConnections,
                idleMillis,
                maxInFlight,
                maxAnswerBytes,
                retryBudgetPercent,
                maxTries,
                hedgeAfterMillis,
                breaker,
                health);
    }

    /** The same with health checks. */
    public BackendSettings checkedBy(Health checks) {
        return new BackendSettings(
                service,
                protocol,
                addresses,
                dns,
                dnsRefreshMillis,
                registered,
                tryMillis,
                connectMillis,
                maxConnections,
                idleMillis,
                maxInFlight,
                maxAnswerBytes,
                retryBudgetPercent,
                maxTries,
                hedgeAfterMillis,
                breaker,
                checks);
    }

    /**
     * Reads an entry of {@code backends}.
     *
     * @throws IllegalArgumentException that names everything wrong with it
     */
    public static BackendSettings parse(JsonNode json) {
        JsonFields fields = new JsonFields(json);
        String service = fields.text("service", "");
        JsonFields breaker = fields.object("breaker");
        JsonFields health = fields.object("health");
        BackendSettings settings = fields.checked(() -> new BackendSettings(
                service,
                BackendProtocol.ofWireName(fields.text("protocol", "http1")),
                addresses(fields),
                fields.value("dns", null, node -> Address.parse(node.asString())),
                fields.integer("dns-refresh-ms", Defaults.DNS_REFRESH_MILLIS),
                fields.bool("registered", true),
                fields.integer("timeout-ms", Defaults.TRY_MILLIS),
                fields.integer("connect-timeout-ms", Defaults.CONNECT_MILLIS),
                fields.integer("max-connections", Defaults.MAX_CONNECTIONS),
                fields.integer("idle-ms", Defaults.IDLE_MILLIS),
                fields.integer("max-in-flight", Defaults.MAX_IN_FLIGHT),
                fields.integer("max-answer-bytes", Defaults.MAX_ANSWER_BYTES),
                fields.integer("retry-budget-percent", Defaults.RETRY_BUDGET_PERCENT),
                fields.integer("max-tries", Defaults.MAX_TRIES),
                fields.integer("hedge-after-ms", 0),
                Breaker.parse(breaker),
                Health.parse(health)));
        List<String> wrong = new ArrayList<>(fields.wrong());
        breaker.wrong().forEach(error -> wrong.add("breaker: " + error));
        health.wrong().forEach(error -> wrong.add("health: " + error));
        if (!wrong.isEmpty() || settings == null) {
            throw new IllegalArgumentException("backend " + service + ": " + String.join("; ", wrong));
        }
        return settings;
    }

    private static Map<String, List<Address>> addresses(JsonFields fields) {
        Map<String, List<Address>> byCell = new java.util.HashMap<>();
        JsonNode cells = fields.node("addresses");
        if (cells == null) {
            return byCell;
        }
        if (!cells.isObject()) {
            throw new IllegalArgumentException(
                    "addresses: " + cells.getNodeType() + " (expected: an object, cell to list)");
        }
        for (Map.Entry<String, JsonNode> cell : cells.properties()) {
            List<Address> list = new ArrayList<>();
            if (!cell.getValue().isArray()) {
                throw new IllegalArgumentException("addresses of " + cell.getKey() + ": "
                        + cell.getValue().getNodeType() + " (expected: a list of addresses)");
            }
            cell.getValue().forEach(text -> list.add(Address.parse(text.asString())));
            byCell.put(cell.getKey(), List.copyOf(list));
        }
        return byCell;
    }

    static void between(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + ": " + value + " (expected: " + least + ".." + most + ")");
        }
    }

    /** What a key has that is not set, each fit for a backend in the same city. */
    private static final class Defaults {
        static final int DNS_REFRESH_MILLIS = 30_000;
        static final int TRY_MILLIS = 5_000;
        static final int CONNECT_MILLIS = 1_000;
        static final int MAX_CONNECTIONS = 256;
        /** Common servers keep an unused connection for 20 s (Tomcat), 30 s (JDK) or longer. */
        static final int IDLE_MILLIS = 10_000;

        static final int MAX_IN_FLIGHT = 10_000;
        static final int MAX_ANSWER_BYTES = 8 << 20;
        static final int RETRY_BUDGET_PERCENT = 20;
        static final int MAX_TRIES = 3;
    }

    /**
     * When a backend is left alone because its calls fail.
     *
     * @param windowMillis over which calls are counted, per event loop
     * @param minCalls in the window before it is judged
     * @param failurePercent from which it opens
     * @param openMillis until a probe is let through; doubled while probes fail, up to 8 times
     */
    public record Breaker(int windowMillis, int minCalls, int failurePercent, int openMillis) {
        static final Breaker DEFAULT = new Breaker(10_000, 20, 50, 2_000);

        public Breaker {
            between("window-ms", windowMillis, 100, HOUR_MILLIS);
            between("min-calls", minCalls, 1, 1_000_000);
            between("failure-percent", failurePercent, 1, 100);
            between("open-ms", openMillis, 10, HOUR_MILLIS);
        }

        private static Breaker parse(JsonFields fields) {
            Breaker breaker = fields.checked(() -> new Breaker(
                    fields.integer("window-ms", DEFAULT.windowMillis),
                    fields.integer("min-calls", DEFAULT.minCalls),
                    fields.integer("failure-percent", DEFAULT.failurePercent),
                    fields.integer("open-ms", DEFAULT.openMillis)));
            return breaker == null ? DEFAULT : breaker;
        }
    }

    /**
     * How a backend is asked whether it is well.
     *
     * @param path got by {@code GET}, well if the status is 2xx; null for no checks
     * @param failures in a row that make it unwell
     * @param successes in a row that make it well again
     */
    public record Health(@Nullable String path, int intervalMillis, int timeoutMillis, int failures, int successes) {
        static final Health NONE = new Health(null, 1_000, 1_000, 3, 1);

        public Health {
            if (path != null && !path.matches("/[!-~]*")) {
                throw new IllegalArgumentException("path: " + path + " (expected: / and visible ASCII characters)");
            }
            between("interval-ms", intervalMillis, 50, HOUR_MILLIS);
            between("timeout-ms", timeoutMillis, 1, 60_000);
            between("failures", failures, 1, 100);
            between("successes", successes, 1, 100);
        }

        private static Health parse(JsonFields fields) {
            Health health = fields.checked(() -> new Health(
                    fields.value("path", null, JsonNode::asString),
                    fields.integer("interval-ms", NONE.intervalMillis),
                    fields.integer("timeout-ms", NONE.timeoutMillis),
                    fields.integer("failures", NONE.failures),
                    fields.integer("successes", NONE.successes)));
            return health == null ? NONE : health;
        }
    }
}
