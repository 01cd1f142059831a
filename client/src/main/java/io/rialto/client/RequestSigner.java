package io.rialto.client;

import io.rialto.protocol.Code;
import io.rialto.protocol.ContentDigest;
import io.rialto.protocol.DeviceSigner;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.SignatureInput;
import io.rialto.protocol.Signatures;
import io.rialto.protocol.SignedMessage;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Signs requests: adds digest, parameters and signature to their headers. */
final class RequestSigner {
    /** 128 bits of a random nonce, 22 characters. */
    private static final int NONCE_BYTES = 16;

    /** Signed where a request carries them; what is not signed an edge drops. Not so a ticket: another one holds another key. */
    private static final List<String> COVERED = Arrays.asList(
            "content-type",
            "content-encoding",
            HeaderNames.CREDENTIAL,
            HeaderNames.SESSION,
            "authorization",
            HeaderNames.IDEMPOTENCY_KEY,
            HeaderNames.ROUTE,
            HeaderNames.TIMEOUT,
            HeaderNames.GLOBAL_VERSION,
            HeaderNames.WRITTEN,
            "accept",
            "accept-encoding",
            "accept-language",
            "if-none-match",
            "traceparent");

    private final DeviceSigner device;
    private final ServerTime time;
    private final SecureRandom random;

    RequestSigner(DeviceSigner device, ServerTime time, SecureRandom random) {
        this.device = device;
        this.time = time;
        this.random = random;
    }

    /** Signs with a session's MAC key and its next counter. */
    void signByTicket(String method, String path, Map<String, String> headers, byte[] body, LiveSession session) {
        String counter = Long.toString(session.nextCounter());
        SignatureInput input = input(headers, body, counter, "ticket", SignatureAlgorithm.HMAC_SHA256);
        byte[] mac = session.mac();
        sign(method, path, headers, input, base -> Signatures.sign(SignatureAlgorithm.HMAC_SHA256, mac, base));
    }

    /** Signs with the device's key; the credential among the headers says whose that is. */
    void signByDevice(String method, String path, Map<String, String> headers, byte[] body) {
        SignatureInput input = input(headers, body, nonce(), "device", SignatureAlgorithm.ECDSA_P256_SHA256);
        sign(method, path, headers, input, device::sign);
    }

    /** Signs an enrolment: the key vouches for itself. */
    void signEnrolment(String method, String path, Map<String, String> headers, byte[] body) {
        String keyId = "enrol:" + Base64.getUrlEncoder().withoutPadding().encodeToString(device.point());
        SignatureInput input = input(headers, body, nonce(), keyId, SignatureAlgorithm.ECDSA_P256_SHA256);
        sign(method, path, headers, input, device::sign);
    }

    private SignatureInput input(
            Map<String, String> headers, byte[] body, String nonce, String keyId, SignatureAlgorithm algorithm) {
        List<String> components =
                new ArrayList<>(Arrays.asList("@method", "@path", HeaderNames.EDGE, "content-digest"));
        for (String name : COVERED) {
            if (headers.containsKey(name)) {
                components.add(name);
            }
        }
        headers.put("content-digest", ContentDigest.of(body));
        return SignatureInput.of(components, time.seconds(), nonce, keyId, algorithm);
    }

    private String nonce() {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(nonce);
    }

    private static void sign(String method, String path, Map<String, String> headers, SignatureInput input, Key key) {
        try {
            byte[] signature = key.sign(Signatures.base(input, new Message(method, path, headers)));
            headers.put("signature-input", input.header());
            headers.put("signature", input.signatureHeader(signature));
        } catch (GeneralSecurityException e) {
            throw CallException.local(Code.INTERNAL, "the key cannot sign: " + e.getMessage());
        } catch (ProtocolException e) {
            throw CallException.local(Code.INTERNAL, "the call cannot be signed: " + e.getMessage());
        }
    }

    private interface Key {
        byte[] sign(byte[] base) throws GeneralSecurityException;
    }

    /** What is signed of a request. Scheme and authority never are: a gateway may stand behind another name. */
    private static final class Message implements SignedMessage {
        private final String method;
        private final String path;
        private final Map<String, String> headers;

        Message(String method, String path, Map<String, String> headers) {
            this.method = method;
            this.path = path;
            this.headers = headers;
        }

        @Override
        public CharSequence method() {
            return method;
        }

        @Override
        public String scheme() {
            return "";
        }

        @Override
        public String authority() {
            return "";
        }

        @Override
        public CharSequence path() {
            return path;
        }

        @Override
        public @Nullable CharSequence query() {
            return null;
        }

        @Override
        public int status() {
            return 0;
        }

        @Override
        public @Nullable CharSequence header(String name) {
            return headers.get(name);
        }
    }
}
