package io.rialto.protocol;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** No text is the digest of a body but those that hold its SHA-256 or SHA-512. */
final class ContentDigestFuzzTest {
    private static final byte[] BODY = {1, 2, 3};
    private static final String SHA_256 = ContentDigest.of(BODY).substring("sha-256=".length());

    @FuzzTest
    void matches_the_body_only(FuzzedDataProvider data) {
        String text = data.consumeBoolean()
                ? data.consumeString(20) + "sha-256=" + SHA_256 + data.consumeRemainingAsString()
                : data.consumeRemainingAsString();
        try {
            if (ContentDigest.matches(text, BODY, 0, BODY.length) && !text.contains("sha-256=" + SHA_256)) {
                throw new AssertionError(text);
            }
        } catch (ProtocolException e) {
            if (e.reason() != Reason.MALFORMED_FRAME) {
                throw new AssertionError(e);
            }
        }
    }
}
