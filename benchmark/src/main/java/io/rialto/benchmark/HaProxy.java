package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * HAProxy on one thread, as its manual advises for a busy proxy: keep-alive on both sides, connections to the backend
 * reused as freely as it allows, no logging.
 */
record HaProxy(Child child, Addresses addresses, boolean http2Backend) implements Peer {
    static HaProxy start(Scene scene, boolean http2Backend) throws IOException, InterruptedException {
        Addresses addresses = Addresses.free();
        String name = http2Backend ? "haproxy-h2" : "haproxy";
        Path config = scene.folder().resolve(name + ".cfg");
        Files.writeString(config, """
                global
                    nbthread 1
                    no strict-limits
                    maxconn 10500
                    tune.ssl.cachesize 20000
                    ssl-default-bind-options ssl-min-ver TLSv1.2
                defaults
                    mode http
                    option http-keep-alive
                    http-reuse always
                    timeout connect 5s
                    timeout client 60s
                    timeout server 60s
                    timeout http-keep-alive 60s
                frontend in
                    bind 127.0.0.1:%d
                    bind 127.0.0.1:%d proto h2
                    bind 127.0.0.1:%d ssl crt %s alpn h2,http/1.1
                    default_backend out
                backend out
                    server one 127.0.0.1:%d%s maxconn 512 pool-max-conn 512
                """.formatted(
                        addresses.http1(),
                        addresses.h2c(),
                        addresses.tls(),
                        scene.folder().resolve("both.pem"),
                        http2Backend ? scene.backendHttp2Port() : scene.backendPort(),
                        http2Backend ? " proto h2" : ""));
        Child child = Child.start(
                        name,
                        scene.folder(),
                        scene.proxyProcessor(),
                        List.of("haproxy", "-db", "-f", config.toString()))
                .awaitPort(addresses.tls(), Duration.ofSeconds(10));
        return new HaProxy(child, addresses, http2Backend);
    }

    @Override
    public String name() {
        return http2Backend ? "HAProxy, h2 to the backend" : "HAProxy";
    }

    @Override
    public String description() {
        return Tools.version("haproxy", "-v") + ", one thread, `http-reuse always`";
    }

    @Override
    public boolean measurable(Protocol protocol) {
        // From an HTTP/2 backend it writes a status line without a reason phrase, which h2load takes for no status.
        return !(http2Backend && protocol == Protocol.HTTP1);
    }

    @Override
    public Target target(Protocol protocol) {
        return addresses().target(name(), protocol);
    }

    @Override
    public List<Child> children() {
        return List.of(child);
    }
}
