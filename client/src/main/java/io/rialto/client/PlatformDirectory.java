package io.rialto.client;

import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpRequest;
import io.rialto.client.http.Transport;
import io.rialto.client.http.TransportException;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.Signatures;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the first gateway that answers says about where cells are; by shard, if one is known. With pinned keys only what
 * one of them signed is taken; without any, TLS alone says whose answer it is.
 */
final class PlatformDirectory implements Supplier<byte @Nullable []> {
    /** The answer is small, and asked for in the background. */
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** What precedes the body in what is signed. */
    private static final byte[] LABEL = "rialto-directory/1\n".getBytes(StandardCharsets.US_ASCII);

    private final Transport transport;
    private final Gateways gateways;
    private final Map<String, byte[]> keys;
    private final Kept kept;

    /**
     * The directory that these gateways serve.
     *
     * @param keys Ed25519 public keys by id, or none
     */
    PlatformDirectory(Transport transport, Gateways gateways, Map<String, byte[]> keys, Kept kept) {
        this.transport = transport;
        this.gateways = gateways;
        this.keys = Collections.unmodifiableMap(new HashMap<>(keys));
        this.kept = kept;
    }

    @Override
    public byte @Nullable [] get() {
        int shard = gateways.shard();
        for (URI gateway : gateways.known()) {
            URI uri = gateway.resolve("/rialto/directory" + (shard < 0 ? "" : "?shard=" + shard));
            try {
                HttpAnswer answer =
                        transport.send(new HttpRequest("GET", uri, Collections.emptyMap(), new byte[0], LIMIT_NANOS));
                if (answer.status() == 200) {
                    String problem = problem(answer.body(), answer.headers().get(HeaderNames.DIRECTORY_SIGNATURE));
                    if (problem == null) {
                        return answer.body();
                    }
                    kept.report("directory of " + gateway + ": " + problem + "; ignored");
                }
            } catch (TransportException e) {
                // the next one may know
            }
        }
        return null;
    }

    /** Why an answer must not be used; null where it may be. */
    private @Nullable String problem(byte[] body, @Nullable String signature) {
        if (keys.isEmpty()) {
            return null;
        }
        if (signature == null) {
            return "unsigned (expected: " + HeaderNames.DIRECTORY_SIGNATURE + " by one of the keys " + keys.keySet()
                    + ")";
        }
        int semicolon = signature.indexOf(';');
        byte[] key = semicolon < 0 ? null : keys.get(signature.substring(0, semicolon));
        if (key == null) {
            return "signed by a key that is not pinned (expected: one of " + keys.keySet() + ")";
        }
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(signature.substring(semicolon + 1));
        } catch (IllegalArgumentException e) {
            bytes = new byte[0];
        }
        ByteArrayOutputStream signed = new ByteArrayOutputStream(LABEL.length + body.length);
        signed.write(LABEL, 0, LABEL.length);
        signed.write(body, 0, body.length);
        return Signatures.verify(SignatureAlgorithm.ED25519, key, signed.toByteArray(), bytes)
                ? null
                : "the signature by key " + signature.substring(0, semicolon) + " is not of this answer";
    }
}
