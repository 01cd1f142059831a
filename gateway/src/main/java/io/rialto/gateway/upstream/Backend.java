package io.rialto.gateway.upstream;

import io.netty.util.AsciiString;
import java.net.InetSocketAddress;

/** One backend of a service, as all event loops share it. */
final class Backend {
    /** What makes a backend the same one: a change of either means other connections. */
    record Key(InetSocketAddress address, BackendProtocol protocol) {}

    private final String service;
    private final Key key;
    private final String authority;
    private final AsciiString asciiAuthority;
    private final Breaker breaker = new Breaker();
    private volatile BackendSettings settings;
    private volatile int weight;
    private volatile boolean healthy = true;

    Backend(BackendSettings settings, Key key, int weight) {
        this.service = settings.service();
        this.key = key;
        this.settings = settings;
        this.weight = weight;
        authority = new Address(
                        key.address().getAddress().getHostAddress(),
                        key.address().getPort())
                .toString();
        asciiAuthority = AsciiString.of(authority);
    }

    String service() {
        return service;
    }

    Key key() {
        return key;
    }

    InetSocketAddress address() {
        return key.address();
    }

    /** Host and port, as in a request. */
    String authority() {
        return authority;
    }

    AsciiString asciiAuthority() {
        return asciiAuthority;
    }

    BackendSettings settings() {
        return settings;
    }

    Breaker breaker() {
        return breaker;
    }

    /** Relative to the other backends', at least 1. */
    int weight() {
        return weight;
    }

    boolean healthy() {
        return healthy;
    }

    void healthy(boolean now) {
        healthy = now;
    }

    void update(BackendSettings changed, int changedWeight) {
        settings = changed;
        weight = changedWeight;
    }

    @Override
    public String toString() {
        return service + " at " + authority;
    }
}
