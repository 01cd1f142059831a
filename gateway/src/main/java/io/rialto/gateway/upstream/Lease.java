package io.rialto.gateway.upstream;

import io.netty.util.NetUtil;
import java.net.InetSocketAddress;

/** A backend that registered itself, until its lease ends. */
record Lease(String instance, Address address, BackendProtocol protocol, int weight, String colour, long endsNanos) {
    InetSocketAddress socketAddress() {
        return new InetSocketAddress(NetUtil.createInetAddressFromIpAddressString(address.host()), address.port());
    }

    /** Whether calls would go the same way under the other lease. */
    boolean routesAs(Lease other) {
        return address.equals(other.address)
                && protocol == other.protocol
                && weight == other.weight
                && colour.equals(other.colour);
    }
}
