package io.rialto.gateway.transport;

import io.rialto.gateway.transport.InboundCall.Listener;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One listener.
 *
 * @param address where to listen; port 0 for any free one
 * @param tls the certificate of a TLS listener, null for a plain one
 */
public record ListenerSettings(
        Listener side, InetSocketAddress address, @Nullable Certificate tls, TransportSettings transport) {
    public ListenerSettings {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException(
                    "listen address: " + address.getHostString() + " (expected: an address of this machine)");
        }
    }

    /**
     * A certificate with its key, in PEM files that are read again when they change.
     *
     * @param chain the server's certificate first, then the intermediates
     * @param key PKCS #8, without a password
     */
    public record Certificate(Path chain, Path key) {}
}
