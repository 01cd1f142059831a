package io.rialto.server;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Hands over to the program of the benchmark room, which this one does not import. */
@Command(
        name = "bench",
        description = "Measure Rialto beside its peers on this machine: gateway, sync, pieces; see bench --help.")
final class BenchCommand implements Callable<Integer> {
    @Parameters(hidden = true)
    private List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        List<String> command = JavaPrograms.find().benchmark("io.rialto.benchmark.Bench", arguments);
        Process process = new ProcessBuilder(command).inheritIO().start();
        // Ctrl-C reaches both; a SIGTERM to this process must not leave the other behind.
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(process::destroy));
        return process.waitFor();
    }
}
