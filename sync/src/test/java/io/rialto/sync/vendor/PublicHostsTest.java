package io.rialto.sync.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PublicHostsTest {
    private static PublicHosts resolving(String... addresses) {
        return new PublicHosts(List.of(), host -> {
            InetAddress[] all = new InetAddress[addresses.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = InetAddress.ofLiteral(addresses[i]);
            }
            return all;
        });
    }

    private static final URI PUSH = URI.create("https://push.example/1");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "0.1.2.3",
                "10.1.2.3",
                "100.64.0.1",
                "100.127.255.255",
                "127.0.0.1",
                "127.9.9.9",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.1",
                "192.0.2.1",
                "192.168.1.1",
                "198.18.0.1",
                "198.51.100.7",
                "203.0.113.7",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::127.0.0.1",
                "::ffff:127.0.0.1",
                "64:ff9b::7f00:1",
                "fe80::1",
                "fc00::1",
                "fd12:3456::1",
                "fec0::1",
                "ff02::1",
                "2001:0:1::1",
                "2001:db8::1",
                "2002:7f00:1::"
            })
    void an_address_that_is_not_of_the_public_internet_is_not_called(String address) throws Exception {
        assertThat(resolving(address).allows(PUSH)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"8.8.8.8", "100.63.0.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2a00:1450::1", "2606:4700::1"
            })
    void a_public_address_is_called(String address) throws Exception {
        assertThat(resolving(address).allows(PUSH)).isTrue();
    }

    @Test
    void one_address_of_ours_is_one_too_many() throws Exception {
        assertThat(resolving("8.8.8.8", "10.0.0.1").allows(PUSH)).isFalse();
        assertThat(resolving().allows(PUSH)).isFalse();
    }

    @Test
    void only_the_port_of_https_is_called() throws Exception {
        assertThat(resolving("8.8.8.8").allows(URI.create("https://push.example:443/1")))
                .isTrue();
        assertThat(resolving("8.8.8.8").allows(URI.create("https://push.example:9443/1")))
                .isFalse();
    }

    @Test
    void where_hosts_are_named_no_other_is_called() throws Exception {
        PublicHosts hosts = new PublicHosts(List.of("push.example"), host -> {
            throw new AssertionError("not asked for");
        });
        assertThat(hosts.allows(PUSH)).isTrue();
        assertThat(hosts.allows(URI.create("https://eu.push.example/1"))).isTrue();
        assertThat(hosts.allows(URI.create("https://evilpush.example/1"))).isFalse();
    }
}
