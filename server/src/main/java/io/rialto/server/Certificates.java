package io.rialto.server;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A small certificate authority of one installation, for machines without a real one: it signs the certificate that
 * this machine's edges show. Who calls them trusts {@link #authority()}. Files are kept in one folder; a certificate
 * is made anew when its end is near.
 */
final class Certificates {
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
    /** As long as browsers and phones accept. */
    private static final Duration SERVER_LIFE = Duration.ofDays(397);

    private static final Duration RENEW_BEFORE_END = Duration.ofDays(30);
    /** Clocks of phones are behind at times. */
    private static final Duration BACKDATED = Duration.ofHours(1);

    private final Path folder;
    private final SecureRandom random;
    private final Clock clock;

    Certificates(Path folder, SecureRandom random, Clock clock) {
        this.folder = folder;
        this.random = random;
        this.clock = clock;
    }

    /** PEM file of the certificate to trust. */
    Path authority() {
        return folder.resolve("ca.pem");
    }

    /** PEM file of the certificate to show. */
    Path chain() {
        return folder.resolve("server.pem");
    }

    /** PEM file (PKCS #8) of its key. */
    Path key() {
        return folder.resolve("server-key.pem");
    }

    /** Makes what is missing or ends soon. */
    Certificates ensure() {
        return ensure(List.of());
    }

    /**
     * Makes what is missing or ends soon.
     *
     * @param addresses by which this machine is called beside that of the loopback
     */
    Certificates ensure(List<String> addresses) {
        try {
            Path authorityKey = folder.resolve("ca-key.pem");
            if (endsSoon(authority())) {
                KeyPair pair = newPair();
                write(
                        authorityKey,
                        authority(),
                        pair,
                        certificate("Rialto authority " + serial().toString(36), pair, null, List.of()));
                Files.deleteIfExists(chain());
            }
            if (endsSoon(chain())) {
                KeyPair pair = newPair();
                Issuer issuer = new Issuer(readCertificate(authority()), readKey(authorityKey));
                write(key(), chain(), pair, certificate("localhost", pair, issuer, addresses));
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make certificates in " + folder + ": " + e.getMessage(), e);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("cannot make certificates in " + folder, e);
        }
    }

    private record Issuer(X509Certificate certificate, PrivateKey key) {}

    private boolean endsSoon(Path file) throws IOException, GeneralSecurityException {
        return !Files.exists(file)
                || readCertificate(file)
                        .getNotAfter()
                        .toInstant()
                        .isBefore(clock.instant().plus(RENEW_BEFORE_END));
    }

    /** One certificate: signed by the issuer for this machine's names, or an authority of its own. */
    private X509Certificate certificate(String name, KeyPair pair, @Nullable Issuer issuer, List<String> addresses)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        Instant now = clock.instant();
        Date from = Date.from(now.minus(BACKDATED));
        Date until = Date.from(now.plus(issuer == null ? AUTHORITY_LIFE : SERVER_LIFE));
        X500Name subject = new X500Name("CN=" + name);
        JcaX509v3CertificateBuilder builder = issuer == null
                ? new JcaX509v3CertificateBuilder(subject, serial(), from, until, subject, pair.getPublic())
                : new JcaX509v3CertificateBuilder(
                        issuer.certificate(), serial(), from, until, asPrincipal(subject), pair.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(issuer == null));
        if (issuer == null) {
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        } else {
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
            List<GeneralName> names = new ArrayList<>(List.of(
                    new GeneralName(GeneralName.dNSName, "localhost"),
                    new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
                    new GeneralName(GeneralName.iPAddress, "::1")));
            addresses.forEach(address -> names.add(new GeneralName(GeneralName.iPAddress, address)));
            builder.addExtension(
                    Extension.subjectAlternativeName, false, new GeneralNames(names.toArray(GeneralName[]::new)));
        }
        PrivateKey signer = issuer == null ? pair.getPrivate() : issuer.key();
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer)));
    }

    private static X500Principal asPrincipal(X500Name name) throws IOException {
        return new X500Principal(name.getEncoded());
    }

    private KeyPair newPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), random);
        return generator.generateKeyPair();
    }

    private BigInteger serial() {
        return new BigInteger(120, random).setBit(120);
    }

    /** The key first: a certificate without its key would be taken for complete. */
    private static void write(Path keyFile, Path certificateFile, KeyPair pair, X509Certificate certificate)
            throws IOException {
        DataDirectory.write(keyFile, pem(new JcaPKCS8Generator(pair.getPrivate(), null)));
        DataDirectory.write(certificateFile, pem(certificate));
    }

    private static String pem(Object object) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        }
        return text.toString();
    }

    /** The first certificate of a PEM file. */
    static X509Certificate readCertificate(Path file) throws IOException, GeneralSecurityException {
        try (var in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static PrivateKey readKey(Path file) throws IOException {
        try (PEMParser parser = new PEMParser(new StringReader(Files.readString(file)))) {
            if (parser.readObject() instanceof PrivateKeyInfo info) {
                return new JcaPEMKeyConverter().getPrivateKey(info);
            }
            throw new IOException(file + " holds no PKCS #8 key");
        }
    }
}
