package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Spring Cloud Gateway: one process for the plain port, one for TLS, because it opens one port only. */
record SpringGateway(Child plain, Child tls, Addresses addresses, String version) implements Peer {
    static SpringGateway start(Scene scene, Path home) throws IOException, InterruptedException {
        int plainPort = Tools.freePort();
        int tlsPort = Tools.freePort();
        Child plain = launch(scene, home, "spring-plain", plainPort, List.of());
        try {
            Child tls = launch(
                    scene,
                    home,
                    "spring-tls",
                    tlsPort,
                    List.of(
                            "--server.ssl.certificate=" + scene.certificate(),
                            "--server.ssl.certificate-private-key=" + scene.key()));
            return new SpringGateway(plain, tls, new Addresses(plainPort, plainPort, tlsPort), version(home));
        } catch (IOException e) {
            plain.close();
            throw e;
        }
    }

    private static Child launch(Scene scene, Path home, String name, int port, List<String> more)
            throws IOException, InterruptedException {
        Path target = home.resolve("benchmark-peer/target");
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                target.resolve("classes") + ":" + target.resolve("lib") + "/*",
                "io.rialto.peer.PeerGateway",
                "--server.address=127.0.0.1",
                "--server.port=" + port,
                "--server.http2.enabled=true",
                "--logging.level.root=warn",
                "--spring.cloud.gateway.server.webflux.routes[0].id=all",
                "--spring.cloud.gateway.server.webflux.routes[0].uri=http://127.0.0.1:" + scene.backendPort(),
                "--spring.cloud.gateway.server.webflux.routes[0].predicates[0]=Path=/**"));
        command.addAll(more);
        return Child.start(name, scene.folder(), scene.proxyProcessor(), command)
                .awaitPort(port, Duration.ofSeconds(60));
    }

    @Override
    public String name() {
        return "Spring Cloud Gateway";
    }

    @Override
    public String description() {
        return version
                + " (WebFlux, Reactor Netty), its defaults; JVM -XX:+UseSerialGC -Xmx1g; one process for the plain port, one for TLS";
    }

    private static String version(Path home) throws IOException {
        String prefix = "spring-cloud-gateway-server-webflux-";
        try (Stream<Path> jars = Files.list(home.resolve("benchmark-peer/target/lib"))) {
            return jars.map(jar -> jar.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .map(name -> name.substring(prefix.length(), name.length() - ".jar".length()))
                    .findFirst()
                    .orElse("of unknown version");
        }
    }

    @Override
    public boolean isJvm() {
        return true;
    }

    @Override
    public Target target(Protocol protocol) {
        return addresses().target(name(), protocol);
    }

    @Override
    public List<Child> children() {
        return List.of(plain, tls);
    }
}
