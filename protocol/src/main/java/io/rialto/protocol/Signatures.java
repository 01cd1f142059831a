package io.rialto.protocol;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/**
 * Signs and verifies what a signature covers ({@link #base}); {@link SignatureAlgorithm} says what its keys are. For
 * MACs by the thousand there is {@link MacSigner}.
 *
 * <p>Source: RFC 9421, section 3.3. RSASSA-PSS: salt of 64 bytes, MGF1 with SHA-512.
 */
public final class Signatures {
    private static final int ED25519_KEY_BYTES = 32;
    private static final int ED25519_SIGNATURE_BYTES = 64;

    /** Shorter ones can be computed; a handful of bytes more than this guards nothing. */
    private static final int MIN_RSA_BITS = 2048;

    private Signatures() {}

    /**
     * The bytes to sign.
     *
     * @throws ProtocolException {@link Reason#WRONG_SIGNATURE} where the message lacks what is covered
     */
    public static byte[] base(SignatureInput input, SignedMessage message) throws ProtocolException {
        ByteBuilder base = new ByteBuilder(1024, SignatureBase.MAX_BYTES);
        SignatureBase.build(input, message, base);
        return base.toBytes();
    }

    /**
     * The signature of a base.
     *
     * @throws GeneralSecurityException where the key is none of that algorithm
     */
    public static byte[] sign(SignatureAlgorithm algorithm, byte[] privateKey, byte[] base)
            throws GeneralSecurityException {
        switch (algorithm) {
            case HMAC_SHA256:
                return hmac(privateKey, base);
            case ECDSA_P256_SHA256:
                return DeviceKeys.sign(privateKey, base);
            case ED25519:
                Ed25519Signer signer = new Ed25519Signer();
                signer.init(true, new Ed25519PrivateKeyParameters(privateKey));
                signer.update(base, 0, base.length);
                return signer.generateSignature();
            case RSA_PSS_SHA512:
                Signature rsa = rsaPss();
                rsa.initSign(KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(privateKey)));
                rsa.update(base);
                return rsa.sign();
        }
        throw new IllegalArgumentException("algorithm: " + algorithm);
    }

    /** Whether the signature is of the base by the key; false for what is no key or no signature of the algorithm. */
    public static boolean verify(SignatureAlgorithm algorithm, byte[] key, byte[] base, byte[] signature) {
        try {
            switch (algorithm) {
                case HMAC_SHA256:
                    return MessageDigest.isEqual(hmac(key, base), signature);
                case ECDSA_P256_SHA256:
                    return DeviceKeys.verify(key, base, signature);
                case ED25519:
                    return verifyEd25519(key, base, signature);
                case RSA_PSS_SHA512:
                    return verifyRsa(key, base, signature);
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
        throw new IllegalArgumentException("algorithm: " + algorithm);
    }

    private static byte[] hmac(byte[] key, byte[] base) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(base);
    }

    private static boolean verifyEd25519(byte[] key, byte[] base, byte[] signature) {
        if (key.length != ED25519_KEY_BYTES || signature.length != ED25519_SIGNATURE_BYTES) {
            return false;
        }
        Ed25519Signer verifier = new Ed25519Signer();
        verifier.init(false, new Ed25519PublicKeyParameters(key));
        verifier.update(base, 0, base.length);
        return verifier.verifySignature(signature);
    }

    private static boolean verifyRsa(byte[] key, byte[] base, byte[] signature) throws GeneralSecurityException {
        java.security.interfaces.RSAPublicKey rsaKey = (java.security.interfaces.RSAPublicKey)
                KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(key));
        if (rsaKey.getModulus().bitLength() < MIN_RSA_BITS) {
            return false;
        }
        Signature rsa = rsaPss();
        rsa.initVerify(rsaKey);
        rsa.update(base);
        return rsa.verify(signature);
    }

    private static Signature rsaPss() throws GeneralSecurityException {
        Signature rsa = Signature.getInstance("RSASSA-PSS");
        rsa.setParameter(new PSSParameterSpec("SHA-512", "MGF1", MGF1ParameterSpec.SHA512, 64, 1));
        return rsa;
    }
}
