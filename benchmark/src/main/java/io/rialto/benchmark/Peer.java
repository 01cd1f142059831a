package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;
import java.util.List;

/** A proxy under measurement: running, with one address for each protocol. */
interface Peer extends AutoCloseable {
    String name();

    /** Version and what is special about how it is set up. */
    String description();

    /** Whether its answers by a protocol can be measured with this load generator. */
    default boolean measurable(Protocol protocol) {
        return true;
    }

    /** Its processes. */
    List<Child> children();

    /** Whether it must be warm before it is measured. */
    default boolean isJvm() {
        return false;
    }

    Target target(Protocol protocol);

    /** CPU seconds that it has used so far. */
    default double cpuSeconds() throws IOException {
        double sum = 0;
        for (Child child : children()) {
            sum += child.cpuSeconds();
        }
        return sum;
    }

    /** Resident kilobytes of all its processes. */
    default long residentKilobytes() throws IOException, InterruptedException {
        long sum = 0;
        for (Child child : children()) {
            sum += child.residentKilobytes();
        }
        return sum;
    }

    @Override
    default void close() {
        children().forEach(Child::close);
    }
}
