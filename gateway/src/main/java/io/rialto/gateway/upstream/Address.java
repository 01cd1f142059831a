package io.rialto.gateway.upstream;

import io.netty.util.NetUtil;
import java.util.Locale;

/**
 * Where a backend listens: {@code host:port}, with an IPv6 host in brackets. The host may be a name, which is looked up
 * off the event loops.
 *
 * @param host without brackets, lower case
 */
public record Address(String host, int port) {
    /** The longest name that DNS has. */
    private static final int MAX_HOST = 253;

    public Address {
        if (!isHost(host)) {
            throw new IllegalArgumentException("host: " + host + " (expected: a name, an IPv4 or an IPv6 address)");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 1..65535)");
        }
    }

    /**
     * Reads {@code host:port} or {@code [ipv6]:port}.
     *
     * @throws IllegalArgumentException where the text is neither
     */
    public static Address parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 1 || text.length() - colon > 6) {
            throw new IllegalArgumentException("address: " + text + " (expected: host:port or [ipv6]:port)");
        }
        int port = 0;
        for (int i = colon + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                throw new IllegalArgumentException("address: " + text + " (expected: a number after the last colon)");
            }
            port = port * 10 + c - '0';
        }
        String host = text.substring(0, colon);
        boolean bracketed = host.length() > 2 && host.charAt(0) == '[' && host.charAt(host.length() - 1) == ']';
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        if (bracketed != host.indexOf(':') >= 0) {
            throw new IllegalArgumentException(
                    "address: " + text + " (expected: [ipv6]:port, or host:port for others)");
        }
        return new Address(host.toLowerCase(Locale.ROOT), port);
    }

    /** Whether the host is an address rather than a name. */
    public boolean isLiteral() {
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    private static boolean isHost(String host) {
        if (host.isEmpty() || host.length() > MAX_HOST) {
            return false;
        }
        if (host.indexOf(':') >= 0) {
            return NetUtil.isValidIpV6Address(host);
        }
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            boolean inName = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_';
            boolean dot = c == '.' && i > 0 && host.charAt(i - 1) != '.';
            if (!inName && !dot) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
