package io.rialto.protocol;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Map;
import java.util.Objects;

/** Any text is refused, or read to parameters whose own text reads to the same; and its base is built or refused. */
final class SignatureInputFuzzTest {
    private static final SignedMessage MESSAGE = new Vectors.Message(
            "POST", "/a.B/C", "a=1&b=%zz&c", 0, Map.of("host", "h", "content-type", "application/json"));

    private final SignatureInputs inputs = new SignatureInputs();

    @FuzzTest
    void reads_one_meaning_only(FuzzedDataProvider data) {
        String query = data.consumeAsciiString(100);
        String header = data.consumeString(1000);
        String text = data.consumeRemainingAsString();
        try {
            SignatureInput input = SignatureInput.parse(text, SignatureInput.LABEL);
            SignatureInput again = SignatureInput.parse(input.header(), SignatureInput.LABEL);
            inputs.parse(SignatureInputsTest.bytes(input.header()), SignatureInput.LABEL);
            SignatureInput known = inputs.parse(SignatureInputsTest.bytes(text), SignatureInput.LABEL);
            if (!known.header().equals(input.header())
                    || known.created() != input.created()
                    || !Objects.equals(known.nonce(), input.nonce())
                    || !Objects.equals(known.keyId(), input.keyId())
                    || !again.header().equals(input.header())
                    || !again.components().equals(input.components())) {
                throw new AssertionError(input.header() + " is read as " + again.header());
            }
            Signatures.base(input, MESSAGE);
            Signatures.base(input, new Vectors.Message("GET", "/", query, 0, Map.of("host", header)));
        } catch (ProtocolException e) {
            expectReason(e);
        }
        try {
            inputs.parse(SignatureInputsTest.bytes(text), SignatureInput.LABEL);
        } catch (ProtocolException e) {
            expectReason(e);
        }
        try {
            SignatureInput.parse("rialto=()", SignatureInput.LABEL).signatureIn(header);
        } catch (ProtocolException e) {
            expectReason(e);
        }
    }

    private static void expectReason(ProtocolException e) {
        if (e.reason() != Reason.MALFORMED_FRAME && e.reason() != Reason.WRONG_SIGNATURE) {
            throw new AssertionError(e);
        }
    }
}
