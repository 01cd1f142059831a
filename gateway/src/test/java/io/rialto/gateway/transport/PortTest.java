package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

final class PortTest {
    private static Object counted(String address) throws UnknownHostException {
        return Port.address(new InetSocketAddress(InetAddress.getByName(address), 1));
    }

    @Test
    void counts_addresses_that_one_phone_can_choose_from_as_one() throws UnknownHostException {
        assertThat(counted("2001:db8:0:1::1")).isEqualTo(counted("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assertThat(counted("2001:db8:0:1::1")).isNotEqualTo(counted("2001:db8:0:2::1"));
        assertThat(counted("192.0.2.1")).isEqualTo(counted("::ffff:192.0.2.1"));
        assertThat(counted("192.0.2.1")).isNotEqualTo(counted("192.0.2.2"));
    }
}
