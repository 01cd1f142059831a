package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.protocol.Caller;
import java.util.Collections;
import java.util.List;

/** Any header is markers or none, in a form and of a length that the database reads. */
final class WrittenFuzzTest {
    private static final Caller CALLER =
            Caller.builder("edge", "a.B/C", 1_000, 2_000).user("anna").build();

    @FuzzTest
    void takes_markers_alone(FuzzedDataProvider data) {
        // The user's own tag, so that what comes before it is looked at.
        String header = data.consumeString(1_000) + ";" + data.pickValue(List.of("jJr_Fs7W", "other"))
                + data.consumeRemainingAsString();
        Written call = Written.of(CALLER, Collections.enumeration(List.of(header, header)));
        assertThat(call.brought()).hasSizeLessThan(500).matches("(([a-z0-9-]+;[0-9]+;[0-9A-F]+/[0-9A-F]+)(,|$))*");
        call.isBefore("u-east;3;0/A");
    }
}
