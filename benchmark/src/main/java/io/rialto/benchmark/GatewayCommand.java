package io.rialto.benchmark;

import io.rialto.benchmark.GatewayReport.Pair;
import io.rialto.benchmark.H2Load.Protocol;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The gateway beside HAProxy, nginx and Spring Cloud Gateway. */
@Command(
        name = "gateway",
        mixinStandardHelpOptions = true,
        description = "The gateway beside HAProxy, nginx and Spring Cloud Gateway: one machine, one backend, in turns.")
final class GatewayCommand implements Callable<Integer> {
    private static final int CONNECTIONS = 32;
    private static final int STREAMS = 16;

    @Option(names = "--quick", description = "One short round, under 3 minutes; writes no table.")
    boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Where the goals and figures go.")
    @Nullable
    Path json;

    @Option(names = "--rounds", description = "Turns of each peer (default: ${DEFAULT-VALUE}).")
    int rounds = 3;

    @Option(names = "--seconds", description = "Length of a turn (default: ${DEFAULT-VALUE}).")
    int seconds = 3;

    @Option(names = "--rate", description = "Requests per second for latencies (default: ${DEFAULT-VALUE}).")
    int rate = 4000;

    @Option(names = "--idle", description = "Idle connections (default: ${DEFAULT-VALUE}).")
    int idle = 10_000;

    @Override
    public Integer call() throws Exception {
        Tools.install();
        Path folder = Files.createTempDirectory("rialto-bench");
        Scene scene = Scene.create(folder);
        Path request = folder.resolve("request.json");
        Files.writeString(request, "{\"data\":\"" + "x".repeat(100) + "\"}");
        H2Load load = new H2Load(folder, scene.otherProcessors(), request, CONNECTIONS, STREAMS);
        int turns = quick ? 1 : rounds;
        List<Peer> peers = new ArrayList<>();
        try (Child backend = scene.backend()) {
            RialtoEdge edge = RialtoEdge.start(scene, false);
            peers.add(edge);
            RialtoEdge edgeHttp2 = RialtoEdge.start(scene, true);
            peers.add(edgeHttp2);
            HaProxy haProxy = HaProxy.start(scene, false);
            peers.add(haProxy);
            HaProxy haProxyHttp2 = HaProxy.start(scene, true);
            peers.add(haProxyHttp2);
            Nginx nginx = Nginx.start(scene);
            peers.add(nginx);
            SpringGateway spring = SpringGateway.start(scene, BenchmarkPage.home());
            peers.add(spring);
            List<Protocol> protocols = Arrays.asList(Protocol.values());
            List<Throughput.Row> rows =
                    new Throughput(load, turns, quick ? 2 : seconds, rate, quick ? 5 : 30).measure(peers, protocols);
            List<Secured.Row> secured = new Secured(
                            folder, scene.otherProcessors(), turns, quick ? 1000 : 3000, quick ? 2000 : rate)
                    .measure(edge, protocols, true);
            spring.close();
            double kilobytes = idleKilobytes(scene);
            GatewayReport report = new GatewayReport(
                    rows,
                    List.of(
                            new Pair(edge.name(), haProxy.name(), "HTTP/1.1"),
                            new Pair(edge.name(), nginx.name(), "HTTP/1.1"),
                            new Pair(edge.name(), spring.name(), "HTTP/1.1"),
                            new Pair(edgeHttp2.name(), haProxyHttp2.name(), "HTTP/2")),
                    secured,
                    kilobytes,
                    idle,
                    rate);
            report(report, peers);
            return 0;
        } finally {
            peers.forEach(Peer::close);
        }
    }

    /** On a fresh edge that has served some calls: what it grows by, for each connection that then stands idle. */
    private double idleKilobytes(Scene scene) throws IOException, InterruptedException {
        try (RialtoEdge edge = RialtoEdge.start(scene, false)) {
            String url = edge.target(Protocol.TLS_H2).url();
            hold(scene, url, 500, null);
            edge.collectGarbage();
            long before = edge.child().residentKilobytes();
            long[] during = new long[1];
            hold(scene, url, idle, () -> {
                edge.collectGarbage();
                during[0] = edge.child().residentKilobytes();
            });
            double each = (during[0] - before) / (double) idle;
            System.out.printf(
                    "idle: %d connections, %d KB resident before, %d KB with them: %.1f KB each%n",
                    idle, before, during[0], each);
            return each;
        }
    }

    private static void hold(Scene scene, String url, int connections, @Nullable Action during)
            throws IOException, InterruptedException {
        try (Helper holder = Helper.start(
                scene.folder(),
                scene.otherProcessors(),
                IdleConnections.class,
                List.of("--url=" + URI.create(url), "--connections=" + connections))) {
            String open = holder.expect("OPEN");
            if (!open.equals("OPEN " + connections)) {
                throw new IOException("idle connections: " + open + " (expected: OPEN " + connections + ")");
            }
            if (during != null) {
                during.run();
            }
            holder.go();
        }
    }

    /** What is done while connections stand. */
    private interface Action {
        void run() throws IOException, InterruptedException;
    }

    private void report(GatewayReport report, List<Peer> peers) throws IOException {
        String page = page(report, peers);
        System.out.println(page);
        if (!quick) {
            BenchmarkPage.replace("gateway", page);
        }
        if (json != null) {
            Goal.write(json, report.goals(), report.figures());
        }
        Goal.print(report.goals());
    }

    private String page(GatewayReport report, List<Peer> peers) {
        StringBuilder page = new StringBuilder();
        page.append(
                "%d processors, Linux %s, Java %s; proxies on one processor each, load (h2load: %d connections, %d calls in flight on each over HTTP/2, 1 over HTTP/1.1) and the backend (nginx, %d bytes) on the others.%n%n"
                        .formatted(
                                Runtime.getRuntime().availableProcessors(),
                                System.getProperty("os.version"),
                                Runtime.version().feature(),
                                CONNECTIONS,
                                STREAMS,
                                Scene.ANSWER_BYTES));
        for (Peer peer : peers) {
            page.append("- ")
                    .append(peer.name())
                    .append(": ")
                    .append(peer.description())
                    .append('\n');
        }
        return page.append('\n').append(report.page()).toString();
    }
}
