package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.http.HttpAnswer;
import io.rialto.protocol.OperationName;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GlobalVersionStepTest {
    private static final String HEADER = "rialto-global-version";

    private final GlobalVersionStep step = new GlobalVersionStep();

    /** What a call says that is answered by this. */
    private @Nullable String said(Protection protection, Answer answer) {
        Call call = Call.of(OperationName.of("a.B/C"), Map.of(), new byte[0], true, protection, 0);
        String[] said = new String[1];
        step.intercept(call, sent -> {
            said[0] = sent.header(HEADER);
            return answer;
        });
        return said[0];
    }

    private static Answer told(@Nullable String version, boolean authentic) {
        Map<String, String> headers = version == null ? Map.of() : Map.of(HEADER, version);
        return new Answer(200, headers, new byte[0], authentic, null);
    }

    @Test
    void says_the_newest_version_that_it_was_told() {
        assertThat(said(Protection.SEALED, told("7", true))).isNull();
        assertThat(said(Protection.SEALED, told("6", true))).isEqualTo("7");
        assertThat(said(Protection.SIGNED, told("9", false))).isEqualTo("7");
        assertThat(said(Protection.SEALED, told(null, true))).isEqualTo("9");
        assertThat(said(Protection.SEALED, told(null, true))).isEqualTo("9");
    }

    @Test
    void believes_a_sealed_call_sealed_answers_alone_and_numbers_alone() {
        said(Protection.SEALED, told("7", false));
        said(Protection.SEALED, told("-7", true));
        said(Protection.SEALED, told("", true));
        said(Protection.SEALED, told("1234567890123456789", true));
        assertThat(said(Protection.SEALED, told(null, true))).isNull();
    }

    @Test
    void forgets_a_version_that_not_even_the_owner_has() {
        said(Protection.SEALED, told("7", true));
        byte[] body = "{\"code\":\"unavailable\",\"reason\":\"copy_behind\"}".getBytes(StandardCharsets.UTF_8);
        Map<String, String> headers = Map.of("rialto-reason", "copy_behind");
        CallException failure = Objects.requireNonNull(Failures.of(new HttpAnswer(503, headers, body), true));
        assertThat(failure.dispatched()).isEqualTo(Dispatched.UNKNOWN);
        said(Protection.SEALED, new Answer(503, headers, body, true, failure));
        assertThat(said(Protection.SEALED, told(null, true))).isNull();
    }
}
