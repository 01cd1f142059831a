package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ControlAwayTest {
    @Test
    void an_edge_starts_again_from_its_disk_and_serves_the_phones_that_it_had(@TempDir Path folder) throws Exception {
        try (TestPlatform platform = new TestPlatform(folder)) {
            String user = TestPlatform.userOf("east", 1);
            Rialto phone = platform.phoneOf(user, Protection.SEALED, platform.east1Url());
            platform.control.close();
            assertThat(TestPlatform.call(phone, "test.Echo/Once")).contains("east");
            platform.east1.close();
            EdgeNode again = platform.startFirstEast();
            assertThat(again.snapshotVersion()).isEqualTo(1);
            assertThat(TestPlatform.call(phone, "test.Echo/Get")).contains("east");
            assertThat(TestPlatform.call(
                            platform.phoneOf(user, Protection.SIGNED, platform.east1Url()), "test.Echo/Get"))
                    .contains("east");
        }
    }
}
