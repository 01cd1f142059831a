package io.rialto.gateway.upstream;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** A registration is taken or refused with a message, whatever the bytes. */
class RegistrationFuzzTest {
    @FuzzTest
    void takes_or_refuses(byte[] json) {
        try {
            Registration registration = Registration.parse(json);
            if (!registration.address().isLiteral()) {
                throw new AssertionError(registration + " would need a look-up");
            }
        } catch (IllegalArgumentException refused) {
            if (refused.getMessage() == null || refused.getMessage().isEmpty()) {
                throw new AssertionError("refused without a word", refused);
            }
        }
    }
}
