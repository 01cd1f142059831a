package io.rialto.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.HashMap;
import java.util.Map;

class SettingsFuzzTest {
    @FuzzTest
    void binds_or_tells_every_error(FuzzedDataProvider data) {
        Map<String, String> arguments = new HashMap<>();
        for (String key : new String[] {"tls-port", "drain", "max-body", "numbers", "database-url", "data-dir"}) {
            if (data.consumeBoolean()) {
                arguments.put(key, data.consumeString(40));
            }
        }
        Settings settings = Settings.empty()
                .withProperties(data.consumeRemainingAsString(), "fuzz")
                .withArguments(arguments);
        try {
            SettingsTest.Sample sample = settings.bind(SettingsTest.Sample.class);
            assertThat(sample.tlsPort()).isBetween(0, 65535);
            assertThat(sample.drain().isNegative()).isFalse();
        } catch (SettingsException e) {
            assertThat(e.errors()).isNotEmpty().allMatch(line -> !line.isBlank());
        }
    }
}
