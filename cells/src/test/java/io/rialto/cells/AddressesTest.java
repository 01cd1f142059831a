package io.rialto.cells;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AddressesTest {
    private static final String MORE = """
            "hosts": [{"host": "east.example", "addresses": ["203.0.113.1", "203.0.113.2", "2001:db8::2"]}],
             "networks": [{"cidr": "10.0.0.0/8", "addresses": ["203.0.113.2"]},
              {"cidr": "10.1.128.0/17", "addresses": ["2001:db8::2"]}, {"cidr": "2001:db8::/33", "addresses": []}],
             "global":""";

    private static List<String> errorsOf(String from, String to) {
        assertThat(MORE).contains(from);
        return RoutingTable.errors(
                RoutingTableTest.json(RoutingTableTest.TABLE.replace("\"global\":", MORE.replace(from, to))));
    }

    private static List<String> asked(String client) throws TableException {
        Addresses addresses = RoutingTable.parse(
                        RoutingTableTest.json(RoutingTableTest.TABLE.replace("\"global\": {", MORE + " {")))
                .addresses();
        return addresses.of("east.example", addresses.networkOf(InetAddress.ofLiteral(client))).stream()
                .map(InetAddress::getHostAddress)
                .toList();
    }

    @Test
    void the_narrowest_network_of_a_client_says_which_addresses_come_first() throws TableException {
        String six = "2001:db8:0:0:0:0:0:2";
        assertThat(asked("192.0.2.7")).containsExactly("203.0.113.1", "203.0.113.2", six);
        assertThat(asked("10.1.127.255")).containsExactly("203.0.113.2", "203.0.113.1", six);
        assertThat(asked("10.1.128.0")).containsExactly(six, "203.0.113.1", "203.0.113.2");
        assertThat(asked("2001:db8:7fff::1")).containsExactly("203.0.113.1", "203.0.113.2", six);
    }

    @Test
    void knows_nothing_of_other_hosts() throws TableException {
        Addresses none = RoutingTable.parse(RoutingTableTest.json(RoutingTableTest.TABLE))
                .addresses();
        assertThat(none.of("east.example", Optional.empty())).isEmpty();
    }

    @Test
    void a_zone_is_a_name_short_enough_for_names_in_it() {
        String zone = "\"zone\": \"%s\", \"networks\":";
        assertThat(errorsOf("\"networks\":", zone.formatted("cells.example"))).isEmpty();
        assertThat(errorsOf("\"networks\":", zone.formatted("Cells.example"))).hasSize(1);
        assertThat(errorsOf("\"networks\":", zone.formatted("a".repeat(241)))).hasSize(1);
    }

    @Test
    void refuses_what_is_no_prefix_address_or_host() {
        assertThat(errorsOf("10.0.0.0/8", "10.0.0.1/8")).hasSize(1);
        assertThat(errorsOf("10.0.0.0/8", "10.0.0.0/33")).hasSize(1);
        assertThat(errorsOf("10.0.0.0/8", "ten/8")).hasSize(1);
        assertThat(errorsOf("\"203.0.113.1\"", "\"one.example\"")).hasSize(1);
        assertThat(errorsOf("east.example", "East")).hasSize(1);
        assertThat(errorsOf("10.0.0.0/8", "0.0.0.0/0")).isEmpty();
    }
}
