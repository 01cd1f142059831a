package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificatesTest {
    private static final Instant NOW = Instant.parse("2026-03-01T00:00:00Z");

    @TempDir
    private Path folder;

    @Test
    void makes_a_server_certificate_that_its_authority_vouches_for() throws Exception {
        Certificates certificates = at(NOW).ensure();
        X509Certificate server = Certificates.readCertificate(certificates.chain());
        validate(server, Certificates.readCertificate(certificates.authority()), NOW);
        assertThat(server.getSubjectAlternativeNames()).contains(List.of(2, "localhost"), List.of(7, "127.0.0.1"));
        assertThat(server.getBasicConstraints()).isEqualTo(-1);
    }

    @Test
    void keeps_keys_to_the_owner() throws Exception {
        at(NOW).ensure();
        for (String file : List.of("ca-key.pem", "server-key.pem")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(file))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void keeps_a_certificate_and_renews_it_before_its_end_under_the_same_authority() throws Exception {
        Certificates first = at(NOW).ensure();
        byte[] authority = Files.readAllBytes(first.authority());
        byte[] chain = Files.readAllBytes(first.chain());

        assertThat(at(NOW.plus(Duration.ofDays(300))).ensure().chain()).hasBinaryContent(chain);

        Instant nearEnd = NOW.plus(Duration.ofDays(380));
        Certificates renewed = at(nearEnd).ensure();
        assertThat(Files.readAllBytes(renewed.chain())).isNotEqualTo(chain);
        assertThat(renewed.authority()).hasBinaryContent(authority);
        validate(
                Certificates.readCertificate(renewed.chain()),
                Certificates.readCertificate(renewed.authority()),
                nearEnd.plus(Duration.ofDays(390)));
    }

    private Certificates at(Instant time) {
        return new Certificates(folder, new SecureRandom(), Clock.fixed(time, ZoneOffset.UTC));
    }

    private static void validate(X509Certificate server, X509Certificate authority, Instant when)
            throws GeneralSecurityException {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(authority, null)));
        parameters.setRevocationEnabled(false);
        parameters.setDate(Date.from(when));
        CertPathValidator.getInstance("PKIX")
                .validate(CertificateFactory.getInstance("X.509").generateCertPath(List.of(server)), parameters);
    }
}
