package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** nginx with one worker, as its documentation advises for a proxy: keep-alive to the backend, no access log. */
record Nginx(Child child, Addresses addresses) implements Peer {
    static Nginx start(Scene scene) throws IOException, InterruptedException {
        Addresses addresses = Addresses.free();
        Path config = scene.folder().resolve("nginx.conf");
        Files.writeString(config, """
                daemon off;
                worker_processes 1;
                pid %1$s/nginx.pid;
                error_log %1$s/nginx.err;
                events { worker_connections 12000; }
                http {
                    access_log off;
                    keepalive_requests 1000000000;
                    client_body_temp_path %1$s/nginx-body;
                    proxy_temp_path %1$s/nginx-proxy;
                    ssl_session_cache shared:tls:10m;
                    upstream backend {
                        server 127.0.0.1:%2$d;
                        keepalive 512;
                        keepalive_requests 1000000000;
                    }
                    server {
                        listen 127.0.0.1:%3$d;
                        listen 127.0.0.1:%4$d http2;
                        listen 127.0.0.1:%5$d ssl http2;
                        ssl_certificate %6$s;
                        ssl_certificate_key %7$s;
                        location / {
                            proxy_pass http://backend;
                            proxy_http_version 1.1;
                            proxy_set_header Connection "";
                        }
                    }
                }
                """.formatted(
                        scene.folder(),
                        scene.backendPort(),
                        addresses.http1(),
                        addresses.h2c(),
                        addresses.tls(),
                        scene.certificate(),
                        scene.key()));
        Child child = Child.start(
                        "nginx",
                        scene.folder(),
                        scene.proxyProcessor(),
                        List.of(
                                "nginx",
                                "-c",
                                config.toString(),
                                "-p",
                                scene.folder().toString()))
                .awaitPort(addresses.tls(), Duration.ofSeconds(10));
        return new Nginx(child, addresses);
    }

    @Override
    public String name() {
        return "nginx";
    }

    @Override
    public String description() {
        return Tools.version("nginx", "-v") + ", one worker, `keepalive 512` to the backend";
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
