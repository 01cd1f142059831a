package io.rialto.benchmark;

import io.rialto.benchmark.GatewayReport.Pair;
import io.rialto.benchmark.Throughput.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
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

    /** Of nginx and Spring Cloud Gateway, which goals do not name. */
    private static final int OTHER_ROUNDS = 2;

    /** Latencies at a rate that is held differ less from round to round. */
    private static final int PACED_ROUNDS = 3;

    /** The load of secured calls is a JVM itself, which shares its processors with the backend. */
    private static final double SECURED_SHARE = 0.5;

    @Option(
            names = "--quick",
            description =
                    "Under 3 minutes: HAProxy and nginx only, fewer rounds and idle connections; writes no table.")
    boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Where the goals and figures go.")
    @Nullable
    Path json;

    @Option(
            names = "--secured",
            description =
                    "Under 6 minutes: only plain, signed and sealed calls through the gateway, without its peers.")
    boolean securedOnly;

    @Option(names = "--rounds", description = "Turns of Rialto and HAProxy (default: ${DEFAULT-VALUE}).")
    int rounds = 4;

    @Option(names = "--seconds", description = "Length of a turn (default: ${DEFAULT-VALUE}).")
    int seconds = 3;

    @Option(names = "--idle", description = "Idle connections (default: ${DEFAULT-VALUE}).")
    int idle = 10_000;

    /** Of secured calls: their turns are short, and their goal is a ratio near 1. */
    private static final int SECURED_ROUNDS = 8;

    /** Calls of each connection in a turn. */
    private static final int SECURED_CALLS = 2000;

    /** Of latencies where peers were not measured: low for any machine. */
    private static final int SECURED_RATE = 10_000;

    private final List<Peer> running = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        if (quick) {
            rounds = 3;
            seconds = 2;
            idle = 2_000;
        }
        long start = System.nanoTime();
        Tools.install(Tools.GATEWAY);
        Path folder = Files.createTempDirectory("rialto-bench");
        Scene scene = Scene.create(folder);
        Path request = folder.resolve("request.json");
        Files.writeString(request, "{\"data\":\"" + "x".repeat(100) + "\"}");
        H2Load load = new H2Load(folder, scene.otherProcessors(), request, CONNECTIONS, STREAMS);
        try (Child backend = scene.backend()) {
            if (securedOnly) {
                report(secured(scene, enter(new ArrayList<>(), 1, RialtoEdge.start(scene, false)), SECURED_RATE));
            } else {
                report(measure(scene, load));
            }
        } finally {
            running.forEach(Peer::close);
        }
        Tools.delete(folder);
        System.out.printf("%nTook %d s.%n", TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
        return 0;
    }

    private GatewayReport measure(Scene scene, H2Load load) throws IOException, InterruptedException {
        List<Entry> entries = new ArrayList<>();
        List<Pair> pairs = new ArrayList<>();
        RialtoEdge edge = enter(entries, rounds, RialtoEdge.start(scene, false));
        HaProxy haProxy = enter(entries, rounds, HaProxy.start(scene, false));
        pairs.add(new Pair(edge.name(), haProxy.name(), "HTTP/1.1"));
        if (!quick) {
            RialtoEdge edgeHttp2 = enter(entries, rounds, RialtoEdge.start(scene, true));
            HaProxy haProxyHttp2 = enter(entries, rounds, HaProxy.start(scene, true));
            pairs.add(new Pair(edgeHttp2.name(), haProxyHttp2.name(), "HTTP/2"));
        }
        Nginx nginx = enter(entries, quick ? 1 : OTHER_ROUNDS, Nginx.start(scene));
        pairs.add(new Pair(edge.name(), nginx.name(), "HTTP/1.1"));
        if (!quick) {
            SpringGateway spring = enter(entries, OTHER_ROUNDS, SpringGateway.start(scene, BenchmarkPage.home()));
            pairs.add(new Pair(edge.name(), spring.name(), "HTTP/1.1"));
        }
        WarmUp.run(load, running, quick ? 5 : 15);
        Throughput.Result plain = new Throughput(load, seconds, quick ? 1 : PACED_ROUNDS).measure(entries);
        SecuredReport secured = secured(scene, edge, (int) (plain.rate() * SECURED_SHARE));
        List<Idle.Row> idleRows = new Idle(scene, load, idle)
                .measure(List.of(
                        () -> RialtoEdge.start(scene, false),
                        () -> HaProxy.start(scene, false),
                        () -> Nginx.start(scene)));
        return new GatewayReport(plain, pairs, secured, idle, idleRows);
    }

    private SecuredReport secured(Scene scene, RialtoEdge edge, int rate) throws IOException, InterruptedException {
        Secured secured = new Secured(
                scene.folder(),
                scene.otherProcessors(),
                quick ? rounds : SECURED_ROUNDS,
                quick ? SECURED_CALLS / 2 : SECURED_CALLS,
                quick ? 0 : PACED_ROUNDS,
                rate);
        return new SecuredReport(secured.measure(edge), rate);
    }

    private <P extends Peer> P enter(List<Entry> entries, int turns, P peer) {
        running.add(peer);
        entries.add(new Entry(peer, turns));
        return peer;
    }

    private void report(GatewayReport report) throws IOException {
        String page = setUp() + report.page();
        String securedPage = securedSetUp() + report.secured().page();
        System.out.println(page);
        System.out.println(securedPage);
        if (quick) {
            System.out.println(
                    "Quick: " + rounds + " rounds of " + seconds + " s, one for latencies, " + idle
                            + " idle connections, no Spring Cloud Gateway, no HTTP/2 to the backend, no latencies of signed and sealed calls; no table written.");
        } else {
            BenchmarkPage.replace("gateway", page);
            BenchmarkPage.replace("secured", securedPage);
        }
        if (json != null) {
            Goal.write(json, report.goals(), report.figures());
        }
        Goal.print(report.goals());
    }

    private void report(SecuredReport report) throws IOException {
        String page = securedSetUp() + report.page();
        System.out.println(page);
        if (!quick) {
            BenchmarkPage.replace("secured", page);
        }
        if (json != null) {
            Goal.write(json, report.goals(), Map.of("secured", report.rows()));
        }
        Goal.print(report.goals());
    }

    private static String securedSetUp() throws IOException {
        return Machine.describe() + ". The gateway, its backend, the connections and the body as above.\n\n";
    }

    private String setUp() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("""
                %s. Each proxy has one thread and processor 0 to itself; load (h2load %s, %d connections, %d calls in flight on \
                each over HTTP/2, 1 over HTTP/1.1; a POST of 111 bytes) and the backend (nginx, two workers, %d bytes from \
                memory) have the others. Turns of %d s.

                """.formatted(
                        Machine.describe(),
                        Tools.version("h2load", "--version"),
                        CONNECTIONS,
                        STREAMS,
                        Scene.ANSWER_BYTES,
                        seconds));
        for (Peer peer : running) {
            text.append("- ")
                    .append(peer.name())
                    .append(": ")
                    .append(peer.description())
                    .append('\n');
        }
        return text.append('\n').toString();
    }
}
