package io.rialto.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    enum Mode {
        PLAIN,
        VERY_FANCY
    }

    record Database(
            @Setting(doc = "External server.") Optional<URI> url,

            @Setting(value = "10", min = 1, max = 100, doc = "Connections.")
            int poolSize) {}

    record Sample(
            @Setting(value = "data", doc = "Where.") Path dataDir,

            @Setting(value = "8443", min = 0, max = 65535, doc = "Port.")
            int tlsPort,

            @Setting(value = "20s", doc = "Wait.") Duration drain,
            @Setting(value = "64k", doc = "Body.") Size maxBody,
            @Setting(value = "false", doc = "Whether.") boolean plain,
            @Setting(value = "plain", doc = "How.") Mode mode,
            @Setting(value = "a,b", doc = "Names.") List<String> names,
            @Setting(doc = "Numbers.", min = 0) List<Long> numbers,
            Database database) {
        Sample {
            if (dataDir.equals(Path.of("/"))) {
                throw new IllegalArgumentException("data-dir: / (expected: a directory of its own)");
            }
        }
    }

    record Clash(
            @Setting(doc = "One.") String databaseUrl,
            @Setting(doc = "Two.") String other,
            Inner database) {
        record Inner(@Setting(doc = "Three.") String url) {}
    }

    record Unknown(@Setting(doc = "A thread.") Thread thread) {}

    record BadDefault(
            @Setting(value = "many", doc = "Count.") int count) {}

    @Test
    void binds_defaults() throws SettingsException {
        assertThat(Settings.empty().bind(Sample.class))
                .isEqualTo(new Sample(
                        Path.of("data"),
                        8443,
                        Duration.ofSeconds(20),
                        new Size(65536),
                        false,
                        Mode.PLAIN,
                        List.of("a", "b"),
                        List.of(),
                        new Database(Optional.empty(), 10)));
    }

    @Test
    void lays_arguments_over_environment_over_file(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(
                directory.resolve("rialto.properties"),
                "# comment\ntls-port = 1\nmax-body=1m\nmode=very-fancy\nnumbers=1, 2\n");
        Sample sample = Settings.empty()
                .withFile(file)
                .withEnvironment(
                        Map.of(
                                "RIALTO_TLS_PORT",
                                "2",
                                "RIALTO_DATABASE_POOL_SIZE",
                                "5",
                                "RIALTO_JAVA",
                                "x",
                                "HOME",
                                "/"),
                        Set.of("RIALTO_JAVA"))
                .withArguments(Map.of("tls-port", "3", "database-url", "http://db:1"))
                .bind(Sample.class);
        assertThat(sample.tlsPort()).isEqualTo(3);
        assertThat(sample.maxBody()).isEqualTo(new Size(1 << 20));
        assertThat(sample.mode()).isEqualTo(Mode.VERY_FANCY);
        assertThat(sample.numbers()).containsExactly(1L, 2L);
        assertThat(sample.database()).isEqualTo(new Database(Optional.of(URI.create("http://db:1")), 5));
    }

    @Test
    void tells_all_errors_at_once_with_value_source_and_expectation() {
        Settings settings = Settings.empty()
                .withFile(Path.of("/nowhere/rialto.properties"))
                .withProperties("drain=20\nplain=yes\nnumbers=1,x", "rialto.properties")
                .withEnvironment(Map.of("RIALTO_MODE", "fancy", "RIALTO_MAX_BODY", "1q"), Set.of())
                .withArguments(Map.of(
                        "tls-port", "65536", "database-url", "relative", "database-pool-size", "0", "Tls_Port", "1"));
        SettingsException thrown = catchThrowableOfType(SettingsException.class, () -> settings.bind(Sample.class));
        assertThat(thrown.errors())
                .hasSize(10)
                .contains(
                        "tls-port: 65536 from command line (expected: an integer, 0..65535)",
                        "drain: 20 from rialto.properties (expected: a duration such as 250ms, 20s, 5m, 1h or 2d)",
                        "plain: yes from rialto.properties (expected: true or false)",
                        "numbers: 1,x from rialto.properties (expected: an integer, 0 or more)",
                        "mode: fancy from environment (expected: plain, very-fancy)",
                        "max-body: 1q from environment (expected: a size such as 512, 64k, 10m or 2g)",
                        "database-url: relative from command line (expected: an absolute URI)",
                        "database-pool-size: 0 from command line (expected: an integer, 1..100)",
                        "Tls_Port from command line: unknown key (expected: one of docs/configuration.md; did you mean"
                                + " tls-port?)");
        assertThat(thrown).hasMessageContaining("/nowhere/rialto.properties: cannot be read");
    }

    @Test
    void tells_what_the_record_itself_refuses() {
        assertThatThrownBy(() ->
                        Settings.empty().withArguments(Map.of("data-dir", "/")).bind(Sample.class))
                .isInstanceOf(SettingsException.class)
                .hasMessage("data-dir: / (expected: a directory of its own)");
    }

    @Test
    void refuses_record_types_that_are_no_settings() {
        assertThatThrownBy(() -> Settings.empty().bind(Clash.class)).hasMessageContaining("database-url");
        assertThatThrownBy(() -> Settings.empty().bind(Unknown.class)).hasMessageContaining("thread");
        assertThatThrownBy(() -> Settings.empty().bind(BadDefault.class))
                .hasMessageContaining("default of count: many");
    }

    @Test
    void writes_a_reference_of_all_keys() {
        assertThat(Settings.reference(Sample.class))
                .contains("| `tls-port` | 0..65535 | `8443` | Port. |")
                .contains("| `drain` | duration | `20s` | Wait. |")
                .contains("| `mode` | plain, very-fancy | `plain` | How. |")
                .contains("| `names` | list of text | `a,b` | Names. |")
                .contains("| `database-url` | uri | none | External server. |")
                .contains("| `database-pool-size` | 1..100 | `10` | Connections. |");
    }

    @Test
    void reads_and_writes_sizes() {
        for (String text : List.of("0", "512", "64k", "10m", "2g", "1025")) {
            assertThat(Size.of(text)).hasToString(text);
        }
        assertThat(Size.of("2048")).hasToString("2k");
        assertThat(Size.of("8g").toInt()).isEqualTo(Integer.MAX_VALUE);
        for (String text : List.of("", "k", "-1", "1.5k", "9999999999999g")) {
            assertThatThrownBy(() -> Size.of(text)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
