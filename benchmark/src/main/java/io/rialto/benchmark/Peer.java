package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;

/** A proxy under measurement: running, with one address for each protocol. */
interface Peer extends AutoCloseable {
    String name();

    /** Version and what is special about how it is set up. */
    String description();

    /** Whether its answers by a protocol can be measured with this load generator. */
    default boolean measurable(Protocol protocol) {
        return true;
    }

    /** Whether it must be warm before it is measured. */
    default boolean isJvm() {
        return false;
    }

    Target target(Protocol protocol);

    /** CPU seconds used by what serves a protocol. */
    double cpuSeconds(Protocol protocol) throws IOException;

    @Override
    void close();
}
