package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
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
    @Option(names = "--quick", description = "One short round, under 3 minutes; writes no table.")
    boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Where the goals and figures go.")
    @Nullable
    Path json;

    @Option(names = "--rounds", description = "Turns of each peer (default: ${DEFAULT-VALUE}).")
    int rounds = 5;

    @Option(names = "--seconds", description = "Length of a turn (default: ${DEFAULT-VALUE}).")
    int seconds = 4;

    @Option(names = "--rate", description = "Requests per second for latencies (default: ${DEFAULT-VALUE}).")
    int rate = 4000;

    @Override
    public Integer call() throws Exception {
        Tools.install();
        Path folder = Files.createTempDirectory("rialto-bench");
        Scene scene = Scene.create(folder);
        Path request = folder.resolve("request.json");
        Files.writeString(request, "{\"data\":\"" + "x".repeat(100) + "\"}");
        List<Peer> peers = new ArrayList<>();
        try (Child backend = scene.backend()) {
            peers.add(HaProxy.start(scene, false));
            peers.add(HaProxy.start(scene, true));
            peers.add(Nginx.start(scene));
            peers.add(SpringGateway.start(scene, Path.of(".")));
            H2Load load = new H2Load(folder, scene.otherProcessors(), request, 32, 16);
            new Throughput(load, quick ? 1 : rounds, quick ? 2 : seconds, rate)
                    .measure(peers, Arrays.asList(Protocol.values()), 3);
        } finally {
            peers.forEach(Peer::close);
        }
        return 0;
    }
}
