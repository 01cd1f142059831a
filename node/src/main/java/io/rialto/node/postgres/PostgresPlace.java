package io.rialto.node.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where an embedded server runs.
 *
 * @param host the IPv4 address that it listens on and is reached by
 * @param prefix words before its command line, such as those that enter a network namespace; none for this process's own
 * @param clients the network, such as {@code 10.1.2.0/24}, from which it takes connections beside its own machine
 */
public record PostgresPlace(String host, List<String> prefix, Optional<String> clients) {
    /** This machine, and nobody else. */
    public static final PostgresPlace LOOPBACK = new PostgresPlace("127.0.0.1", List.of(), Optional.empty());

    public PostgresPlace {
        prefix = List.copyOf(prefix);
    }

    List<String> command(List<String> program) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(program);
        return all;
    }

    /** Lines of {@code pg_hba.conf}: as strict as those for this machine. */
    String rules() {
        return clients.map(network -> "host all all " + network + " scram-sha-256\nhost replication all " + network
                        + " scram-sha-256\n")
                .orElse("");
    }
}
