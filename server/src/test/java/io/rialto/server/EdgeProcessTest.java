package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An edge in a process of its own, ended as a machine's service manager ends it. */
@Timeout(120)
class EdgeProcessTest {
    @Test
    void ends_on_sigterm_without_losing_a_call_and_starts_again_without_control(@TempDir Path folder) throws Exception {
        try (TestPlatform platform = new TestPlatform(folder)) {
            Process edge = start(platform);
            try {
                List<Rialto> phones = IntStream.range(0, 6)
                        .mapToObj(i -> platform.phoneOf(
                                TestPlatform.userOf("east", i * 100),
                                Protection.SEALED,
                                platform.east2Url(),
                                platform.east1Url()))
                        .toList();
                try (TestLoad load = TestLoad.start(phones, "test.Echo/Once")) {
                    edge.destroy();
                    assertThat(edge.waitFor(30, TimeUnit.SECONDS)).isTrue();
                    int before = load.answered();
                    TestLoad.await(() -> assertThat(load.answered()).isGreaterThan(before + 50));
                    assertThat(load.stop()).isEmpty();
                }
                platform.control.close();
                edge = start(platform);
                Rialto phone = platform.phoneOf(TestPlatform.userOf("east", 1), Protection.SEALED, platform.east2Url());
                assertThat(TestPlatform.call(phone, "test.Echo/Once")).contains("east");
            } finally {
                edge.destroyForcibly().waitFor();
            }
        }
    }

    /** Starts the second edge of the cell, and waits until it serves. */
    private static Process start(TestPlatform platform) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.rialto.server.Rialto",
                "node",
                "--role=edge"));
        platform.secondEastSettings().forEach(setting -> command.add("--set=" + setting));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader output = process.inputReader();
        List<String> lines = new ArrayList<>();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            lines.add(line);
            if (line.startsWith("edge east-2")) {
                Thread.ofVirtual().start(() -> output.lines().forEach(ignored -> {}));
                return process;
            }
        }
        throw new IllegalStateException("the edge ended: " + lines);
    }
}
