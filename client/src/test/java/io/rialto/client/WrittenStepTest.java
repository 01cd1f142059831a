package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.OperationName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WrittenStepTest {
    private static final String HEADER = "rialto-written";
    private static final String ANNA = ";annaanna";
    private static final String BERT = ";bertbert";

    private final InMemoryStorage storage = new InMemoryStorage();
    private final List<String> reports = new ArrayList<>();
    private WrittenStep step = started();

    private WrittenStep started() {
        return new WrittenStep(new Kept(storage, "wallet", reports::add));
    }

    /** What a call says that is answered by this marker. */
    private @Nullable String said(Protection protection, @Nullable String marker, boolean authentic) {
        Call call = Call.of(OperationName.of("a.B/C"), Map.of(), new byte[0], true, protection, 0);
        String[] said = new String[1];
        step.intercept(call, sent -> {
            said[0] = sent.header(HEADER);
            Map<String, String> headers = marker == null ? Map.of() : Map.of(HEADER, marker);
            return new Answer(200, headers, new byte[0], authentic, null);
        });
        return said[0];
    }

    private void told(String marker) {
        said(Protection.SEALED, marker, true);
    }

    private @Nullable String says() {
        return said(Protection.SEALED, null, true);
    }

    @Test
    void says_the_newest_marker_that_it_was_told_also_after_a_restart() {
        assertThat(says()).isNull();
        told("u-east;3;0/9" + ANNA);
        told("u-east;3;0/1F" + ANNA);
        told("u-east;3;0/A" + ANNA);
        assertThat(says()).isEqualTo("u-east;3;0/1F" + ANNA);
        step = started();
        assertThat(says()).isEqualTo("u-east;3;0/1F" + ANNA);
        told("u-east;3;1/0" + ANNA);
        step = started();
        assertThat(says()).isEqualTo("u-east;3;1/0" + ANNA);
    }

    @Test
    void keeps_users_units_and_generations_apart() {
        told("u-east;3;0/9" + ANNA);
        told("u-east;3;0/7" + BERT);
        told("u-global;1;0/5" + ANNA);
        told("u-east;4;0/8" + ANNA);
        // The lost city's last answer, which was long on its way.
        told("u-east;3;0/A" + ANNA);
        assertThat(says())
                .isEqualTo("u-east;3;0/A" + ANNA + ",u-east;4;0/8" + ANNA + ",u-global;1;0/5" + ANNA + ",u-east;3;0/7"
                        + BERT);
    }

    @Test
    void forgets_the_oldest_of_too_many() {
        for (int i = 1; i <= 20; i++) {
            told("u-east;" + i + ";0/9" + ANNA);
        }
        String[] kept = String.valueOf(says()).split(",", -1);
        assertThat(kept).hasSize(8).startsWith("u-east;20;0/9" + ANNA).endsWith("u-east;13;0/9" + ANNA);
        for (int i = 1; i <= 20; i++) {
            told("u".repeat(64) + ";" + "9".repeat(16) + (10 + i) + ";FFFFFFFF/FFFFFFFF" + ANNA);
        }
        assertThat(String.valueOf(says()).length()).isLessThanOrEqualTo(1_000);
        step = started();
        assertThat(says()).startsWith("u".repeat(64) + ";" + "9".repeat(16) + "30;");
    }

    @Test
    void passes_over_what_is_no_marker() throws Exception {
        for (String wrong : List.of(
                "",
                "u-east",
                "u-east;3;0/9",
                "u-east;x;0/9" + ANNA,
                "u-east;3;9" + ANNA,
                "u-east;3;0/9" + ANNA + "x",
                "u-east;3;0/9" + ANNA + ",u-west;3;0/9" + ANNA,
                "U;3;0/9" + ANNA,
                "u-east;3;123456789/9" + ANNA)) {
            told(wrong);
        }
        assertThat(says()).isNull();
        storage.put("wallet.written", ("nonsense,u-east;3;0/9" + ANNA + ",\u0000").getBytes(StandardCharsets.UTF_8));
        step = started();
        assertThat(says()).isEqualTo("u-east;3;0/9" + ANNA);
        storage.put("wallet.written", new byte[5_000]);
        step = started();
        assertThat(says()).isNull();
    }

    @Test
    void believes_a_sealed_call_sealed_answers_alone() {
        said(Protection.SEALED, "u-east;3;0/9" + ANNA, false);
        assertThat(says()).isNull();
        said(Protection.SIGNED, "u-east;3;0/9" + ANNA, false);
        assertThat(says()).isEqualTo("u-east;3;0/9" + ANNA);
        assertThat(said(Protection.PLAIN, "u-east;4;0/9" + ANNA, false)).isNull();
        assertThat(says()).isEqualTo("u-east;3;0/9" + ANNA);
    }
}
