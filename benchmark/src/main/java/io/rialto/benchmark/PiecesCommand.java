package io.rialto.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
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
        var options = new OptionsBuilder()
                .include(Pieces.class.getName())
                .addProfiler(GCProfiler.class)
                .forks(quick ? 1 : 2)
                .warmupIterations(quick ? 2 : 4)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(quick ? 3 : 5)
                .measurementTime(TimeValue.seconds(1))
                .verbosity(VerboseMode.SILENT)
                .build();
        List<String> rows = new ArrayList<>(List.of("| piece | ns/op | ± | B/op |", "|---|---|---|---|"));
        Map<String, Object> figures = new LinkedHashMap<>();
        for (RunResult run : new Runner(options).run()) {
            Result<?> time = run.getPrimaryResult();
            Result<?> bytes = run.getSecondaryResults().get(ALLOCATED);
            double allocated = bytes == null ? Double.NaN : bytes.getScore();
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
}
