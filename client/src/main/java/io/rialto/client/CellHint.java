package io.rialto.client;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/** The user's cell as {@code rialto-cell} names it: {@code west;shard=61;epoch=3;at=https://host:port}. */
final class CellHint {
    /** Far above any cell name and URL in use. */
    private static final int MAX_LENGTH = 512;

    private final String text;
    private final int shard;
    private final long epoch;
    private final URI gateway;

    private CellHint(String text, int shard, long epoch, URI gateway) {
        this.text = text;
        this.shard = shard;
        this.epoch = epoch;
        this.gateway = gateway;
    }

    /** The hint of a header's value, or null where it is none, or names no place to call. */
    static @Nullable CellHint parse(String text) {
        if (text.length() > MAX_LENGTH) {
            return null;
        }
        Integer shard = null;
        Long epoch = null;
        URI gateway = null;
        try {
            for (String part : text.split(";", -1)) {
                if (part.startsWith("shard=")) {
                    shard = Integer.valueOf(part.substring("shard=".length()));
                } else if (part.startsWith("epoch=")) {
                    epoch = Long.valueOf(part.substring("epoch=".length()));
                } else if (part.startsWith("at=")) {
                    gateway = Gateways.uri(part.substring("at=".length()));
                }
            }
        } catch (IllegalArgumentException e) {
            return null;
        }
        return shard == null || epoch == null || gateway == null ? null : new CellHint(text, shard, epoch, gateway);
    }

    /** Whether this hint is older knowledge than another: epochs of one shard only rise; those of two do not compare. */
    boolean olderThan(CellHint other) {
        return shard == other.shard && epoch < other.epoch;
    }

    String cell() {
        return text.substring(0, text.indexOf(';'));
    }

    int shard() {
        return shard;
    }

    URI gateway() {
        return gateway;
    }

    @Override
    public String toString() {
        return text;
    }
}
