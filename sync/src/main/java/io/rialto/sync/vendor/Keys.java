package io.rialto.sync.vendor;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** Private keys as vendors hand them out: PEM, PKCS #8 (RFC 7468). What is wrong with one is said without its text. */
final class Keys {
    private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String END = "-----END PRIVATE KEY-----";
    /** In bits; of P-256. */
    private static final int CURVE_BITS = 256;

    private Keys() {}

    static ECPrivateKey ec(String pem) throws GeneralSecurityException {
        PrivateKey key = read(pem, "EC");
        if (key instanceof ECPrivateKey ec && ec.getParams().getOrder().bitLength() == CURVE_BITS) {
            return ec;
        }
        throw new GeneralSecurityException("a key of another curve (expected: P-256)");
    }

    static RSAPrivateKey rsa(String pem) throws GeneralSecurityException {
        return (RSAPrivateKey) read(pem, "RSA");
    }

    private static PrivateKey read(String pem, String algorithm) throws GeneralSecurityException {
        int begin = pem.indexOf(BEGIN);
        int end = pem.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new GeneralSecurityException("no private key (expected: PEM, PKCS #8: " + BEGIN + ")");
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(pem.substring(begin + BEGIN.length(), end));
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (IllegalArgumentException e) {
            throw new GeneralSecurityException("a private key that is not base64", e);
        }
    }
}
