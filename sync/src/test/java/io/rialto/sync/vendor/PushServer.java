package io.rialto.sync.vendor;

import io.rialto.node.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import tools.jackson.databind.JsonNode;

/** A vendor's server: HTTP/2 over TLS, with a certificate that only {@link #client} trusts. */
public final class PushServer implements AutoCloseable {
    private final MockWebServer server = new MockWebServer();
    private final HandshakeCertificates trusting;

    /** What the vendor got. */
    public record Call(RecordedRequest request) {
        public String header(String name) {
            return String.valueOf(request.getHeaders().get(name));
        }

        public String path() {
            return request.getTarget();
        }

        public byte[] bytes() {
            return request.getBody() == null ? new byte[0] : request.getBody().toByteArray();
        }

        public String text() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }

        public JsonNode json() throws Exception {
            return Json.read(bytes());
        }
    }

    public PushServer() throws IOException {
        HeldCertificate held = new HeldCertificate.Builder()
                .addSubjectAlternativeName("localhost")
                .build();
        trusting = new HandshakeCertificates.Builder()
                .addTrustedCertificate(held.certificate())
                .build();
        server.useHttps(new HandshakeCertificates.Builder()
                .heldCertificate(held)
                .build()
                .sslSocketFactory());
        server.start(InetAddress.getByName("localhost"), 0);
    }

    public HttpClient client() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_2)
                .sslContext(trusting.sslContext())
                .build();
    }

    PushHttp http() {
        return new PushHttp(client(), Duration.ofSeconds(20));
    }

    public URI url() {
        return URI.create("https://localhost:" + server.getPort());
    }

    PushServer answers(MockResponse.Builder answer) {
        server.enqueue(answer.build());
        return this;
    }

    /** Queues an answer. */
    public PushServer answers(int status, String body, String... headers) {
        MockResponse.Builder answer = new MockResponse.Builder().code(status).body(body);
        for (int i = 0; i < headers.length; i += 2) {
            answer.addHeader(headers[i], headers[i + 1]);
        }
        return answers(answer);
    }

    /** The next call. */
    public Call call() throws InterruptedException {
        RecordedRequest request = server.takeRequest(30, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("the vendor was not called");
        }
        return new Call(request);
    }

    public int calls() {
        return server.getRequestCount();
    }

    static KeyPair pair(String algorithm, int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    /** A key pair and its private key as vendors hand it out. */
    public static String pem(KeyPair pair) {
        return "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(pair.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
    }

    /** A token's header and claims, once its signature was checked. */
    record Checked(JsonNode header, JsonNode claims) {}

    static Checked check(String jwt, PublicKey key) throws Exception {
        String[] parts = jwt.split("\\.", -1);
        Signature signature = Signature.getInstance(
                key.getAlgorithm().equals("EC") ? "SHA256withECDSAinP1363Format" : "SHA256withRSA");
        signature.initVerify(key);
        signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        if (parts.length != 3 || !signature.verify(Base64.getUrlDecoder().decode(parts[2]))) {
            throw new AssertionError("a token with a wrong signature");
        }
        return new Checked(
                Json.read(Base64.getUrlDecoder().decode(parts[0])),
                Json.read(Base64.getUrlDecoder().decode(parts[1])));
    }

    @Override
    public void close() {
        server.close();
    }
}
