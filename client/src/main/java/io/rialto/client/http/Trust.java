package io.rialto.client.http;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Whose certificates a client accepts on TLS connections. */
public final class Trust {
    private final SSLSocketFactory sockets;
    private final X509TrustManager manager;

    private Trust(SSLSocketFactory sockets, X509TrustManager manager) {
        this.sockets = sockets;
        this.manager = manager;
    }

    /** Trust made elsewhere; the sockets must use that manager. */
    public static Trust of(SSLSocketFactory sockets, X509TrustManager manager) {
        return new Trust(sockets, manager);
    }

    /**
     * Trusts the certificates in a PEM file, and no others.
     *
     * @throws IllegalArgumentException where the file cannot be read or holds no certificate
     */
    public static Trust ofFile(Path pem) {
        try {
            return ofPem(Files.readAllBytes(pem));
        } catch (IOException e) {
            throw new IllegalArgumentException("trust: cannot read " + pem + " (expected: a PEM file)", e);
        }
    }

    /**
     * Trusts the certificates in a PEM text, and no others.
     *
     * @throws IllegalArgumentException where the text holds no certificate
     */
    public static Trust ofPem(byte[] pem) {
        try {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
            if (certificates.isEmpty()) {
                throw new IllegalArgumentException("trust: no certificate (expected: PEM with at least one)");
            }
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int n = 0;
            for (Certificate certificate : certificates) {
                store.setCertificateEntry("ca-" + n++, certificate);
            }
            return of(store);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("trust: " + e.getMessage() + " (expected: PEM certificates)", e);
        }
    }

    private static Trust of(KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager) {
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(null, new TrustManager[] {manager}, new SecureRandom());
                return new Trust(context.getSocketFactory(), (X509TrustManager) manager);
            }
        }
        throw new GeneralSecurityException("the platform has no X.509 trust manager");
    }

    SSLSocketFactory sockets() {
        return sockets;
    }

    X509TrustManager manager() {
        return manager;
    }
}
