package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class ReasonTest {
    private static final Pattern ROW =
            Pattern.compile("\\| `([a-z_]+)` \\| ([a-z_]+) \\| ([0-9]{3}) \\| (?:no|perhaps) \\|.*");

    @Test
    void is_documented_with_its_code_and_status() throws IOException {
        List<String> documented = Files.readAllLines(Path.of("..", "docs", "protocol.md")).stream()
                .map(ROW::matcher)
                .filter(row -> row.matches())
                .map(row -> row.group(1) + " " + row.group(2) + " " + row.group(3))
                .toList();
        List<String> defined = Arrays.stream(Reason.values())
                .map(reason -> reason.wireName() + " " + reason.code().wireName() + " " + reason.httpStatus())
                .toList();
        assertThat(documented).containsExactlyInAnyOrderElementsOf(defined);
    }

    @Test
    void has_a_code_that_every_form_of_the_wire_names_alike() {
        for (Code code : Code.values()) {
            assertThat(Code.ofWireName(code.wireName())).isEqualTo(code);
            assertThat(Code.ofGrpcStatus(code.grpcStatus())).isEqualTo(code);
        }
        assertThat(Code.ofWireName("new_code")).isEqualTo(Code.UNKNOWN);
        assertThat(Code.ofGrpcStatus(17)).isEqualTo(Code.UNKNOWN);
        assertThat(Code.ofGrpcStatus(-1)).isEqualTo(Code.UNKNOWN);
    }
}
