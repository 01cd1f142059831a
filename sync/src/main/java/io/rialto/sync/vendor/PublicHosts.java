package io.rialto.sync.vendor;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Which hosts a device may make us call: by default those of the whole Internet and none of ours. A name may change its
 * address between this look and the call; then TLS ends it, since a host of ours has no certificate of that name.
 */
final class PublicHosts {
    private static final int HTTPS = 443;

    private final List<String> suffixes;
    private final Resolver resolver;

    /** Finds the addresses of a name. */
    @FunctionalInterface
    interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    /**
     * A rule.
     *
     * @param suffixes the only hosts, or domains of hosts, that may be called, whatever their addresses and ports; empty
     *     for all public ones
     */
    PublicHosts(List<String> suffixes, Resolver resolver) {
        this.suffixes = suffixes;
        this.resolver = resolver;
    }

    /** Fails where the name has no address for now. */
    boolean allows(URI endpoint) throws UnknownHostException {
        String host = endpoint.getHost();
        if (!suffixes.isEmpty()) {
            return suffixes.stream().anyMatch(suffix -> host.equals(suffix) || host.endsWith("." + suffix));
        }
        if (endpoint.getPort() != -1 && endpoint.getPort() != HTTPS) {
            return false;
        }
        InetAddress[] addresses = resolver.resolve(host);
        for (InetAddress address : addresses) {
            if (!isPublic(address)) {
                return false;
            }
        }
        return addresses.length > 0;
    }

    /** Neither ours, nor nobody's, nor everybody's (RFC 6890). */
    static boolean isPublic(InetAddress address) {
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] bytes = address.getAddress();
        return switch (address) {
            case Inet4Address four -> isPublic4(bytes);
            case Inet6Address six -> isPublic6(bytes);
            default -> false;
        };
    }

    private static boolean isPublic4(byte[] address) {
        int first = address[0] & 0xff;
        int second = address[1] & 0xff;
        int third = address[2] & 0xff;
        boolean shared = first == 100 && second >= 64 && second < 128;
        boolean assignments = first == 192 && second == 0 && (third == 0 || third == 2);
        boolean tests = first == 198 && (second == 18 || second == 19 || second == 51 && third == 100)
                || first == 203 && second == 0 && third == 113;
        return first != 0 && first < 224 && !shared && !assignments && !tests;
    }

    /** What is given out to the world is 2000::/3; of that, not what carries an address of the old kind, nor examples. */
    private static boolean isPublic6(byte[] address) {
        int first = (address[0] & 0xff) << 8 | address[1] & 0xff;
        int second = (address[2] & 0xff) << 8 | address[3] & 0xff;
        boolean given = first >= 0x2000 && first < 0x4000;
        boolean carries = first == 0x2002 || first == 0x2001 && second == 0;
        boolean examples = first == 0x2001 && second == 0xdb8;
        return given && !carries && !examples;
    }
}
