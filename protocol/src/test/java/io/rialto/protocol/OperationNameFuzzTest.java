package io.rialto.protocol;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** A text is refused, or is exactly the name that it is read as. */
final class OperationNameFuzzTest {
    @FuzzTest
    void reads_one_form_only(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        OperationName name;
        try {
            name = OperationName.of(text);
        } catch (IllegalArgumentException e) {
            return;
        }
        boolean plain = text.chars()
                .allMatch(c -> c == '.' || c == '/' || c == '_' || c < 0x80 && Character.isLetterOrDigit(c));
        if (!plain || !name.toString().equals(text) || !name.path().equals("/" + text)) {
            throw new AssertionError(text);
        }
    }
}
