package io.rialto.gateway.upstream;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Looks names up; may block, and is called on virtual threads. */
@FunctionalInterface
public interface HostResolver {
    /** The JDK's, which keeps answers for {@code networkaddress.cache.ttl} seconds, 30 by default. */
    HostResolver JDK = host -> List.of(InetAddress.getAllByName(host));

    /**
     * The addresses of a name.
     *
     * @throws UnknownHostException where there are none; the last known ones stay in use
     */
    List<InetAddress> resolve(String host) throws UnknownHostException;
}
