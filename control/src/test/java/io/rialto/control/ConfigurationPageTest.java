package io.rialto.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.LogSettings;
import io.rialto.node.Settings;
import io.rialto.node.SnapshotSettings;
import io.rialto.node.postgres.DatabaseSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationPageTest {
    @ParameterizedTest
    @ValueSource(classes = {LogSettings.class, SnapshotSettings.class, DatabaseSettings.class, ControlSettings.class})
    void the_page_lists_every_key_with_its_default(Class<? extends Record> settings) throws IOException {
        assertThat(Files.readString(Path.of("../docs/configuration.md"))).contains(Settings.reference(settings));
    }
}
