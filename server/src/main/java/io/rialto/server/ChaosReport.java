package io.rialto.server;

import io.rialto.node.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What a history says in numbers. */
final class ChaosReport {
    /**
     * The longest time without an answer to a publisher, and without a message on any device, from the begin of a fault to
     * the begin of the next.
     */
    record Outage(String fault, long publishMillis, long deliveryMillis) {}

    private ChaosReport() {}

    static List<Outage> outages(List<ChaosEvent> history) {
        List<Outage> outages = new ArrayList<>();
        String fault = "before the first fault";
        long publish = 0;
        long delivery = 0;
        long published = history.isEmpty() ? 0 : history.getFirst().millis();
        long delivered = published;
        for (ChaosEvent event : history) {
            if (event instanceof ChaosEvent.Answered) {
                publish = Math.max(publish, event.millis() - published);
                published = event.millis();
            } else if (event instanceof ChaosEvent.Received) {
                delivery = Math.max(delivery, event.millis() - delivered);
                delivered = event.millis();
            } else if (event instanceof ChaosEvent.Fault begun) {
                // A gap that goes on counts for both.
                outages.add(new Outage(
                        fault,
                        Math.max(publish, event.millis() - published),
                        Math.max(delivery, event.millis() - delivered)));
                fault = begun.what();
                publish = 0;
                delivery = 0;
            }
        }
        outages.add(new Outage(fault, publish, delivery));
        return outages;
    }

    static long count(List<ChaosEvent> history, Class<? extends ChaosEvent> type) {
        return history.stream().filter(type::isInstance).count();
    }

    /** How often publishes failed, by reason. */
    static Map<String, Integer> failures(List<ChaosEvent> history) {
        Map<String, Integer> failures = new LinkedHashMap<>();
        for (ChaosEvent event : history) {
            if (event instanceof ChaosEvent.Failed failed) {
                failures.merge(failed.reason(), 1, Integer::sum);
            }
        }
        return failures;
    }

    /**
     * One goal, with what this run found.
     *
     * @param target in words
     */
    record Goal(String name, String target, double figure, boolean holds) {
        static Goal none(String name, long figure) {
            return new Goal(name, "0", figure, figure == 0);
        }

        static Goal atLeastOne(String name, long figure) {
            return new Goal(name, ">= 1", figure, figure >= 1);
        }
    }

    /** An object with the goals alone. */
    static ObjectNode goals(List<Goal> goals) {
        ObjectNode json = Json.mapper().createObjectNode();
        ArrayNode list = json.putArray("goals");
        for (Goal goal : goals) {
            list.addObject()
                    .put("name", goal.name())
                    .put("target", goal.target())
                    .put("figure", goal.figure())
                    .put("holds", goal.holds());
        }
        return json;
    }

    static String json(List<Goal> goals, List<Outage> outages, List<String> findings) {
        ObjectNode json = goals(goals);
        ArrayNode gaps = json.putArray("outages");
        for (Outage outage : outages) {
            gaps.addObject()
                    .put("fault", outage.fault())
                    .put("publish-ms", outage.publishMillis())
                    .put("delivery-ms", outage.deliveryMillis());
        }
        findings.forEach(json.putArray("findings")::add);
        return Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    }
}
