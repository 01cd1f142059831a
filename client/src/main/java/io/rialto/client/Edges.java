package io.rialto.client;

import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The edge behind each gateway address, as last heard. */
final class Edges {
    /** More addresses than a phone ever has; past it, all are learned anew. */
    private static final int MAX = 64;

    private static final int MAX_LENGTH = 256;

    private final Map<URI, String> byGateway = new ConcurrentHashMap<>();

    @Nullable
    String of(URI gateway) {
        return byGateway.get(gateway);
    }

    /** Takes the edge that an answer names; false where it names none, or the one that is known. */
    boolean learn(URI gateway, @Nullable String edge) {
        if (edge == null || edge.isEmpty() || edge.length() > MAX_LENGTH) {
            return false;
        }
        if (byGateway.size() >= MAX) {
            byGateway.clear();
        }
        return !edge.equals(byGateway.put(gateway, edge));
    }
}
