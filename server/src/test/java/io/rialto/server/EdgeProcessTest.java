package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import java.nio.file.Path;
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
        try (TestPlatform platform = new TestPlatform(folder);
                TestNode edge = TestNode.start("edge", platform.secondEastSettings())) {
            List<Rialto> phones = IntStream.range(0, 6)
                    .mapToObj(i -> platform.phoneOf(
                            TestPlatform.userOf("east", i * 100),
                            Protection.SEALED,
                            platform.east2Url(),
                            platform.east1Url()))
                    .toList();
            try (TestLoad load = TestLoad.start(phones, "test.Echo/Once")) {
                edge.process().destroy();
                assertThat(edge.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
                int before = load.answered();
                TestLoad.await(() -> assertThat(load.answered()).isGreaterThan(before + 50));
                assertThat(load.stop()).isEmpty();
            }
            platform.control.close();
            try (TestNode again = TestNode.start("edge", platform.secondEastSettings())) {
                assertThat(again.ready()).startsWith("edge east-2 of cell east serves");
                Rialto phone = platform.phoneOf(TestPlatform.userOf("east", 1), Protection.SEALED, platform.east2Url());
                assertThat(TestPlatform.call(phone, "test.Echo/Once")).contains("east");
            }
        }
    }
}
