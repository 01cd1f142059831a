package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.server.Topology.OneCell;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopologyTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 8443, 20000})
    void makes_a_table_that_edges_read(int base) throws Exception {
        RoutingTable table = RoutingTable.parse(Topology.standard(base).table());
        assertThat(table.cells()).extracting("id").containsExactlyInAnyOrder("east", "west", "global");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8443})
    void gives_every_listener_a_port_of_its_own(int base) {
        Topology topology = Topology.standard(base);
        Stream<Integer> ports = Stream.concat(
                Stream.of(topology.controlPort()),
                topology.cells().stream().flatMap((OneCell cell) -> Stream.of(cell.publicPort(), cell.internalPort())));
        assertThat(ports).doesNotHaveDuplicates().hasSize(7).allMatch(port -> port > 0);
    }

    @Test
    void starts_at_the_port_it_is_told() {
        assertThat(Topology.standard(8443).cells().getFirst().publicUrl()).isEqualTo("https://127.0.0.1:8443");
    }

    @Test
    void names_the_ports_that_others_listen_on() throws Exception {
        Topology topology = Topology.standard(0);
        assertThat(topology.busyPorts()).isEmpty();
        try (ServerSocket other =
                new ServerSocket(topology.cells().get(1).internalPort(), 1, InetAddress.getLoopbackAddress())) {
            assertThat(topology.busyPorts()).containsExactly(other.getLocalPort());
        }
    }
}
