package io.rialto.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The hot pieces of a call, by JMH, with what they allocate. */
@Command(
        name = "pieces",
        mixinStandardHelpOptions = true,
        description = "The hot pieces of a call by JMH: locate, verify, open, seal, rate limit, with allocation.")
final class PiecesCommand implements Callable<Integer> {
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    @Option(names = "--quick", description = "Fewer and shorter iterations, under 3 minutes; writes no table.")
    boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Where the figures go.")
    @Nullable
    Path json;

    @Override
    public Integer call() throws Exception {
        List<String> rows = new ArrayList<>(List.of("| piece | ns/op | ± | B/op |", "|---|---|---|---|"));
        Map<String, Object> figures = new LinkedHashMap<>();
        for (RunResult run : run(Pieces.class.getName(), quick)) {
            Result<?> time = run.getPrimaryResult();
            double allocated = allocated(run);
            rows.add("| %s | %.0f | %.0f | %.0f |"
                    .formatted(time.getLabel(), time.getScore(), time.getScoreError(), allocated));
            figures.put(time.getLabel(), Map.of("nanoseconds", time.getScore(), "bytes", allocated));
        }
        rows.forEach(System.out::println);
        if (!quick) {
            BenchmarkPage.replace("pieces", String.join("\n", rows));
        }
        if (json != null) {
            Goal.write(json, List.of(), Map.of("pieces", figures));
        }
        return 0;
    }

    /** How long a user's shard, unit and cell take to find, and what that allocates. */
    static CellsReport.Locate locate(boolean quick) throws RunnerException {
        RunResult run =
                run(Pieces.class.getName() + ".locate$", quick).iterator().next();
        return new CellsReport.Locate(run.getPrimaryResult().getScore(), Math.round(allocated(run)));
    }

    private static Collection<RunResult> run(String include, boolean quick) throws RunnerException {
        return new Runner(new OptionsBuilder()
                        .include(include)
                        .addProfiler(GCProfiler.class)
                        .forks(quick ? 1 : 2)
                        .warmupIterations(quick ? 2 : 4)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(quick ? 3 : 5)
                        .measurementTime(TimeValue.seconds(1))
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run();
    }

    private static double allocated(RunResult run) {
        Result<?> bytes = run.getSecondaryResults().get(ALLOCATED);
        return bytes == null ? Double.NaN : bytes.getScore();
    }
}
