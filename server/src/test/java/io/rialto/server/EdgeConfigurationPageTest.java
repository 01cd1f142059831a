package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class EdgeConfigurationPageTest {
    @Test
    void the_page_lists_every_key_of_an_edge_with_its_default() throws IOException {
        assertThat(Files.readString(Path.of("../docs/configuration.md")))
                .contains(Settings.reference(EdgeSettings.class));
    }
}
