package io.rialto.cells;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tlc2.TLC;

/** The specifications of moves, failovers and take-overs in {@code src/test/tla}, by the model checker TLC. */
final class ProtocolProofsTest {
    private static final long MINUTES = 5;

    /**
     * A run of the checker.
     *
     * @param constants beside those of the safe protocol
     * @param refuted the invariant that must be refuted; empty where all must hold
     */
    record Model(
            String name, String module, TreeMap<String, String> constants, List<String> invariants, String refuted) {
        static Model move(String name, String refuted, String... changed) {
            TreeMap<String, String> constants = new TreeMap<>(Map.of(
                    "Cells",
                    "{a, b}",
                    "Ops",
                    "{o1, o2}",
                    "MaxEpoch",
                    "4",
                    "LockWrites",
                    "TRUE",
                    "CheckToken",
                    "TRUE",
                    "CancelFence",
                    "TRUE",
                    "RetireRule",
                    "TRUE"));
            change(constants, changed);
            return new Model(
                    name,
                    "ShardMove",
                    constants,
                    refuted.equals("NeverMovedTwice")
                            ? List.of("NeverMovedTwice")
                            : List.of("AtMostOneOpen", "NothingLost", "NothingTwice", "OneOwnerOfAnEpoch"),
                    refuted);
        }

        static Model failover(String name, String refuted, String... changed) {
            TreeMap<String, String> constants = new TreeMap<>(Map.of(
                    "Nodes",
                    "{n1, n2, n3}",
                    "Ops",
                    "{o1, o2, o3}",
                    "MaxGeneration",
                    "3",
                    "K",
                    "1",
                    "NeedPromises",
                    "TRUE",
                    "ChooseLongest",
                    "TRUE",
                    "ByGeneration",
                    "TRUE"));
            change(constants, changed);
            return new Model(name, "UnitFailover", constants, List.of("NothingLost", "AcknowledgedOnce"), refuted);
        }

        static Model remote(String name, String refuted, String... changed) {
            TreeMap<String, String> constants = new TreeMap<>(Map.of(
                    "Users",
                    "{u1, u2}",
                    "MaxLog",
                    "3",
                    "AfterCommit",
                    "TRUE",
                    "ByGeneration",
                    "TRUE",
                    "ReadFirst",
                    "TRUE"));
            change(constants, changed);
            List<String> invariants = List.of("NobodyMissed", "NothingForgotten", "AllFound");
            return new Model(name, "RemoteCity", constants, invariants, refuted);
        }

        private static void change(TreeMap<String, String> constants, String... changed) {
            for (int i = 0; i < changed.length; i += 2) {
                constants.put(changed[i], changed[i + 1]);
            }
        }

        String configuration() {
            StringBuilder text = new StringBuilder("SPECIFICATION Spec\nCHECK_DEADLOCK FALSE\nCONSTANTS\n");
            constants.forEach((name, value) ->
                    text.append(' ').append(name).append(" = ").append(value).append('\n'));
            return text.append("INVARIANTS ")
                    .append(String.join(" ", invariants))
                    .append('\n')
                    .toString();
        }

        @Override
        public String toString() {
            return module + ": " + name;
        }
    }

    private static final String[] FOUR_NODES = {"Nodes", "{n1, n2, n3, n4}", "Ops", "{o1, o2}", "K", "2"};

    static final List<Model> MODELS = List.of(
            Model.move("two cells", ""),
            Model.move("three cells", "", "Cells", "{a, b, c}"),
            Model.move("is not empty", "NeverMovedTwice"),
            Model.move("without the lock held to commit", "any", "LockWrites", "FALSE"),
            Model.move("without the token", "any", "CheckToken", "FALSE"),
            Model.move("reopening without a refusal", "any", "CancelFence", "FALSE"),
            Model.move("purging a closed copy", "any", "RetireRule", "FALSE"),
            Model.failover("three nodes", ""),
            Model.failover("four nodes", "", FOUR_NODES),
            Model.failover("without promises", "any", "NeedPromises", "FALSE"),
            Model.failover("promoting any log", "any", "ChooseLongest", "FALSE"),
            // Three nodes cannot show it: there, every standby must promise.
            Model.failover(
                    "promoting the longest log of any generation",
                    "any",
                    Stream.concat(Stream.of("ByGeneration", "FALSE"), Stream.of(FOUR_NODES))
                            .toArray(String[]::new)),
            Model.remote("two users", ""),
            Model.remote("one user and a longer log", "", "Users", "{u1}", "MaxLog", "5"),
            Model.remote("with a marker from before the commit", "NobodyMissed", "AfterCommit", "FALSE"),
            Model.remote(
                    "with markers of any generation compared by place",
                    "NobodyMissed",
                    "ByGeneration",
                    "FALSE",
                    "Users",
                    "{u1}",
                    "MaxLog",
                    "4"),
            Model.remote("copying over what nobody has read", "NothingForgotten", "ReadFirst", "FALSE"));

    @ParameterizedTest
    @FieldSource("MODELS")
    void holds_or_is_refuted_as_it_should(Model model, @TempDir Path folder) throws Exception {
        String said = check(model, folder);
        if (model.refuted().isEmpty()) {
            assertThat(said).contains("Model checking completed. No error has been found.");
        } else if (model.refuted().equals("any")) {
            assertThat(said).containsPattern("Error: Invariant \\w+ is violated");
        } else {
            assertThat(said).contains("Error: Invariant " + model.refuted() + " is violated");
        }
    }

    /** In a process of its own: the checker ends its JVM. */
    private static String check(Model model, Path folder) throws IOException, InterruptedException {
        Path module = Files.copy(
                Path.of("src/test/tla").resolve(model.module() + ".tla"), folder.resolve(model.module() + ".tla"));
        Path configuration = Files.writeString(folder.resolve("model.cfg"), model.configuration());
        Path output = folder.resolve("output");
        Path jar = Path.of(
                TLC.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        Process checker = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseParallelGC",
                        "-Xmx1g",
                        "-cp",
                        jar.toString(),
                        TLC.class.getName(),
                        "-workers",
                        "2",
                        "-metadir",
                        folder.resolve("states").toString(),
                        "-config",
                        configuration.toString(),
                        module.toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(checker.waitFor(MINUTES, TimeUnit.MINUTES))
                    .as(model + " ends")
                    .isTrue();
        } finally {
            checker.destroyForcibly();
        }
        return Files.readString(output, StandardCharsets.UTF_8);
    }
}
