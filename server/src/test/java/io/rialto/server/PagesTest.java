package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** What the pages show is what the program takes. */
class PagesTest {
    private static final Pattern JSON = Pattern.compile("^```json\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern COMMAND = Pattern.compile("^ +\\./rialto ((?:.*\\\\\n)*.*)$", Pattern.MULTILINE);

    private static List<String> find(Pattern pattern, String... pages) throws IOException {
        List<String> found = new ArrayList<>();
        for (String page : pages) {
            String text = Files.readString(Path.of("..").resolve(page));
            found.addAll(
                    pattern.matcher(text).results().map(match -> match.group(1)).toList());
        }
        return found;
    }

    static Stream<String> gatewaySections() throws IOException {
        return find(JSON, "docs/gateway.md").stream();
    }

    static Stream<String> tables() throws IOException {
        return find(JSON, "docs/configuration.md").stream();
    }

    static Stream<String> commands() throws IOException {
        return find(COMMAND, "README.md", "docs/operations.md", "docs/benchmarks.md").stream()
                .map(command -> command.replaceAll("\\\\\n *", "").replaceAll(" +[#&>].*$", ""))
                .filter(command -> !command.startsWith("test") && !command.startsWith("bench"));
    }

    @ParameterizedTest
    @MethodSource("gatewaySections")
    void control_accepts_the_gateway_page(String json) throws Exception {
        assertThat(errors("gateway", Json.read(json))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("tables")
    void control_accepts_the_table_of_the_configuration_page(String json) throws Exception {
        assertThat(errors("table", Json.read(json))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void the_program_knows_the_commands_of_the_pages(String command) {
        String[] arguments = command.trim().split(" +");
        CommandLine.ParseResult parsed = Rialto.commandLine().parseArgs(arguments);
        assertThat(parsed.hasSubcommand()).isTrue();
    }

    private static List<String> errors(String section, JsonNode value) {
        return Objects.requireNonNull(ControlNode.VALIDATORS.get(section)).errors(Optional.empty(), value);
    }
}
