package io.rialto.gateway.transport;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.transport.ListenerSettings.Certificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A TLS listener's certificate and what is negotiated with it (BoringSSL). When the files change, new connections get the
 * new certificate; those that are open keep theirs. Sessions resume by tickets, so that nothing is kept per phone.
 */
final class TlsIdentity implements AutoCloseable {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(TlsIdentity.class);

    /**
     * What each connection sets aside for as long as it is open, for the few bytes that TLS sends by itself: alerts and what
     * comes of a read in a handshake. What does not fit leaves in pieces; the default is four times as much.
     */
    private static final int OWN_BYTES = 512;

    private final Certificate files;
    private volatile SslContext current;

    /** Kept for one more change: a loop may have taken it a moment ago and not yet made its engine. */
    private @Nullable SslContext previous;

    private byte[] fingerprint;
    private boolean closed;

    TlsIdentity(Certificate files) throws IOException {
        this.files = files;
        this.fingerprint = fingerprint(files);
        this.current = context(files);
    }

    SslContext context() {
        return current;
    }

    /** Reads the files again if they have changed; keeps what it has if they cannot be used. Blocks. */
    synchronized boolean refresh() {
        try {
            if (closed) {
                return false;
            }
            byte[] found = fingerprint(files);
            if (Arrays.equals(found, fingerprint)) {
                return false;
            }
            SslContext next = context(files);
            fingerprint = found;
            ReferenceCountUtil.release(previous);
            previous = current;
            current = next;
            LOG.info("new certificate from {}", files.chain());
            return true;
        } catch (IOException e) {
            // The two files may be between two writes; the next check sees them whole.
            LOG.warn("the changed certificate is not used: {}", e.getMessage());
            return false;
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        ReferenceCountUtil.release(previous);
        previous = null;
        ReferenceCountUtil.release(current);
    }

    private static byte[] fingerprint(Certificate files) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes(files.chain()));
            return digest.digest(bytes(files.key()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IOException("cannot read " + file + " (expected: a PEM file that this process may read)", e);
        }
    }

    private static SslContext context(Certificate files) throws IOException {
        if (!OpenSsl.isAvailable()) {
            throw new IOException("BoringSSL cannot be loaded on this system: " + OpenSsl.unavailabilityCause());
        }
        try {
            SslContext context = SslContextBuilder.forServer(
                            files.chain().toFile(), files.key().toFile())
                    .sslProvider(SslProvider.OPENSSL_REFCNT)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                    // The private key is used on the loop: an ECDSA signature takes less than a change of threads.
                    .option(OpenSslContextOption.USE_TASKS, false)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.NO_ADVERTISE,
                            SelectedListenerFailureBehavior.ACCEPT,
                            List.of(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1)))
                    .build();
            ReferenceCountedOpenSslContext openSsl = (ReferenceCountedOpenSslContext) context;
            openSsl.setBioNonApplicationBufferSize(OWN_BYTES);
            openSsl.sessionContext().setSessionCacheEnabled(false);
            openSsl.sessionContext().setTicketKeys();
            return context;
        } catch (IllegalArgumentException | IOException e) {
            throw new IOException(
                    "cannot use the certificate " + files.chain() + " with the key " + files.key()
                            + " (expected: PEM; a chain and its PKCS #8 key): " + e.getMessage(),
                    e);
        }
    }
}
