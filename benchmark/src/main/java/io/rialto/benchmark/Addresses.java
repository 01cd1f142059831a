package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;

/** Loopback ports of one proxy; HTTP/1.1 and HTTP/2 in the clear may share one. */
record Addresses(int http1, int h2c, int tls) {
    static Addresses free() throws IOException {
        return new Addresses(Tools.freePort(), Tools.freePort(), Tools.freePort());
    }

    Target target(String peer, Protocol protocol) {
        String base = switch (protocol) {
            case HTTP1 -> "http://127.0.0.1:" + http1;
            case H2C -> "http://127.0.0.1:" + h2c;
            case TLS_H2 -> "https://127.0.0.1:" + tls;
        };
        return new Target(peer, protocol, base + SecuredCalls.Mode.PLAIN.path());
    }
}
