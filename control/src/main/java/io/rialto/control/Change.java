package io.rialto.control;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * What somebody wants of the configuration.
 *
 * @param sections the new form of each section that changes
 * @param basedOn the version in force that the author has seen; 0 for the first
 * @param why who made it, and why, for the history
 */
record Change(Map<String, JsonNode> sections, long basedOn, Why why) {
    private static final int MAX_AUTHOR = 200;
    private static final int MAX_REASON = 500;

    /** A line of the history; the reason may be empty. */
    record Why(String author, String reason) {
        void check(List<String> errors) {
            if (author.isBlank() || isBad(author, MAX_AUTHOR)) {
                errors.add("author: " + author.length() + " characters (expected: 1.." + MAX_AUTHOR + ", printable)");
            }
            if (isBad(reason, MAX_REASON)) {
                errors.add("reason: " + reason.length() + " characters (expected: 0.." + MAX_REASON + ", printable)");
            }
        }

        private static boolean isBad(String text, int max) {
            return text.length() > max || text.chars().anyMatch(Character::isISOControl);
        }
    }

    /**
     * A version that only some nodes get.
     *
     * @param nodes their ids
     */
    record Stage(List<String> nodes) {
        /** More are all of them. */
        static final int MAX_NODES = 1000;

        private static final Pattern NODE = Pattern.compile("[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?");

        Stage {
            nodes = nodes.stream().distinct().sorted().toList();
        }

        void check(List<String> errors) {
            if (nodes.isEmpty() || nodes.size() > MAX_NODES) {
                errors.add("nodes: " + nodes.size() + " (expected: 1.." + MAX_NODES + ")");
            }
            nodes.stream()
                    .filter(node -> !isNode(node))
                    .forEach(node -> errors.add("node: " + node + " (expected: " + NODE + ")"));
        }

        static boolean isNode(String node) {
            return NODE.matcher(node).matches();
        }
    }
}
