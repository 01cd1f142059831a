package io.rialto.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What all peers of one run share: the folder, a certificate, the backend, and which processors are whose.
 *
 * @param certificate PEM, for 127.0.0.1
 * @param backendPort HTTP/1.1 with keep-alive
 * @param backendHttp2Port the same backend by HTTP/2 with prior knowledge
 * @param proxyProcessor one processor: every proxy has the same
 * @param otherProcessors of the load and the backend
 */
record Scene(
        Path folder,
        Path certificate,
        Path key,
        int backendPort,
        int backendHttp2Port,
        String proxyProcessor,
        String otherProcessors) {

    /** Small, as most answers of a wallet are. */
    static final int ANSWER_BYTES = 512;

    static Scene create(Path folder) throws IOException, InterruptedException {
        int processors = Runtime.getRuntime().availableProcessors();
        Path certificate = folder.resolve("cert.pem");
        Path key = folder.resolve("key.pem");
        Tools.run(List.of(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "7",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString()));
        Files.writeString(folder.resolve("both.pem"), Files.readString(certificate) + Files.readString(key));
        return new Scene(
                folder,
                certificate,
                key,
                Tools.freePort(),
                Tools.freePort(),
                "0",
                processors <= 2 ? "1" : "1-" + (processors - 1));
    }

    /** nginx answering from memory: the fastest backend at hand, so that the proxies are what is measured. */
    Child backend() throws IOException, InterruptedException {
        Path config = folder.resolve("backend.conf");
        Files.writeString(config, """
                daemon off;
                worker_processes 2;
                pid %1$s/backend.pid;
                error_log %1$s/backend.err;
                events { worker_connections 8192; }
                http {
                    access_log off;
                    keepalive_requests 1000000000;
                    keepalive_timeout 600s;
                    http2_max_concurrent_streams 512;
                    client_body_temp_path %1$s/backend-body;
                    default_type application/json;
                    server {
                        listen 127.0.0.1:%2$d;
                        listen 127.0.0.1:%3$d http2;
                        location / { return 200 '%4$s'; }
                    }
                }
                """.formatted(folder, backendPort, backendHttp2Port, answer()));
        return Child.start(
                        "backend",
                        folder,
                        otherProcessors,
                        List.of("nginx", "-c", config.toString(), "-p", folder.toString()))
                .awaitPort(backendPort, Duration.ofSeconds(10));
    }

    private static String answer() {
        String head = "{\"data\":\"";
        String tail = "\"}";
        return head + "x".repeat(ANSWER_BYTES - head.length() - tail.length()) + tail;
    }
}
