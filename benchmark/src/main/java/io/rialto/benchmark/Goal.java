package io.rialto.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * One goal, with what this run measured.
 *
 * @param target in words, such as {@code >= 1.1}
 */
record Goal(String name, String target, double figure, boolean holds) {
    static Goal atLeast(String name, double target, double figure) {
        return new Goal(name, ">= " + target, figure, figure >= target);
    }

    static Goal atMost(String name, double target, double figure) {
        return new Goal(name, "<= " + target, figure, figure <= target);
    }

    static void write(Path file, List<Goal> goals, Map<String, Object> more) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("goals", goals);
        json.putAll(more);
        Files.writeString(
                file,
                JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
    }

    static void print(List<Goal> goals) {
        System.out.println();
        for (Goal goal : goals) {
            System.out.printf(
                    "%-4s %-60s %8.2f (goal %s)%n",
                    goal.holds() ? "ok" : "MISS", goal.name(), goal.figure(), goal.target());
        }
    }
}
