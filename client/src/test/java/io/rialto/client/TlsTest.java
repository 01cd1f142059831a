package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.rialto.client.http.AddressLookup;
import io.rialto.client.http.HttpRequest;
import io.rialto.client.http.OkHttpTransport;
import io.rialto.client.http.TransportException;
import io.rialto.client.http.Trust;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TlsTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    private Path directory = Path.of("");

    @Test
    void trusts_the_given_authority_alone() throws Exception {
        KeyStore own = keys("own");
        Path ownPem = pem(own, "own");
        Path otherPem = pem(keys("other"), "other");
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context(own)));
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        try {
            URI uri = URI.create("https://127.0.0.1:" + server.getAddress().getPort() + "/");
            assertThat(status(ownPem, uri)).isEqualTo(200);
            assertThatThrownBy(() -> status(otherPem, uri))
                    .isInstanceOfSatisfying(
                            TransportException.class, e -> assertThat(e.sent()).isFalse());
        } finally {
            server.stop(0);
        }
    }

    @Test
    void a_file_without_certificates_is_refused() throws Exception {
        Path file = Files.writeString(directory.resolve("ca.pem"), "nothing");
        assertThatThrownBy(() -> Trust.ofFile(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PEM");
    }

    private static int status(Path pem, URI uri) throws TransportException {
        try (OkHttpTransport transport =
                new OkHttpTransport(Trust.ofFile(pem), AddressLookup.system(), Duration.ofSeconds(5), Duration.ZERO)) {
            long limit = TimeUnit.SECONDS.toNanos(10);
            return transport
                    .send(new HttpRequest("POST", uri, Map.of("content-type", "text/plain"), new byte[0], limit))
                    .status();
        }
    }

    private static SSLContext context(KeyStore keys) throws Exception {
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private KeyStore keys(String name) throws Exception {
        Path file = directory.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-alias",
                        name,
                        "-dname",
                        "CN=" + name,
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        new String(PASSWORD)))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile())
                .start();
        assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    private Path pem(KeyStore store, String name) throws Exception {
        String encoded = Base64.getMimeEncoder()
                .encodeToString(store.getCertificate(name).getEncoded());
        return Files.writeString(
                directory.resolve(name + ".pem"),
                "-----BEGIN CERTIFICATE-----\n" + encoded + "\n-----END CERTIFICATE-----\n");
    }
}
