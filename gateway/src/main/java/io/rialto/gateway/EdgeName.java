package io.rialto.gateway;

import java.security.SecureRandom;

/**
 * An edge's process, as {@code rialto-edge} names it.
 *
 * @param boot random at each start, as replay protection stands on it
 */
public record EdgeName(String cell, String node, String boot) {
    /** The name of a process that starts now. */
    public static EdgeName starting(String cell, String node, SecureRandom random) {
        return new EdgeName(cell, node, String.format("%016x", random.nextLong()));
    }

    @Override
    public String toString() {
        return cell + "/" + node + "/" + boot;
    }
}
