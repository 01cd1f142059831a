package io.rialto.protocol;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECFieldFp;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.EllipticCurve;
import java.util.Arrays;

/**
 * P-256 as devices use it: points of 65 bytes, signatures of 64 ({@code r || s}), ids. By the platform's provider.
 *
 * <p>ECDSA signatures are malleable: whoever sees {@code (r, s)} can write {@code (r, n - s)}, which is as valid. So
 * nothing may take a signature's bytes for the identity of what was signed.
 *
 * <p>Source: SEC 2 (secp256r1); FIPS 186-5.
 */
public final class DeviceKeys {
    public static final int POINT_BYTES = 65;
    public static final int SIGNATURE_BYTES = 64;
    static final int SCALAR_BYTES = 32;
    private static final int DEVICE_ID_CHARS = 26;
    private static final String BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

    private static final BigInteger P =
            new BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
    private static final BigInteger A = P.subtract(BigInteger.valueOf(3));
    private static final BigInteger B =
            new BigInteger("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16);
    static final BigInteger N = new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);
    static final ECParameterSpec P256 = new ECParameterSpec(
            new EllipticCurve(new ECFieldFp(P), A, B),
            new ECPoint(
                    new BigInteger("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", 16),
                    new BigInteger("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5", 16)),
            N,
            1);

    private DeviceKeys() {}

    /** Whether 65 bytes are an uncompressed point of the curve. */
    public static boolean isPoint(byte[] point) {
        if (point.length != POINT_BYTES || point[0] != 4) {
            return false;
        }
        BigInteger x = coordinate(point, 1);
        BigInteger y = coordinate(point, 1 + SCALAR_BYTES);
        if (x.compareTo(P) >= 0 || y.compareTo(P) >= 0) {
            return false;
        }
        return y.multiply(y)
                .mod(P)
                .equals(x.multiply(x).add(A).multiply(x).add(B).mod(P));
    }

    /** Whether the signature is of the message by the key of the point; false for what is no point or no signature. */
    public static boolean verify(byte[] point, byte[] message, byte[] signature) {
        if (!isPoint(point) || !EcdsaDer.inRange(signature)) {
            return false;
        }
        try {
            Signature ecdsa = Signature.getInstance("SHA256withECDSA");
            ecdsa.initVerify(publicKey(point));
            ecdsa.update(message);
            return ecdsa.verify(EcdsaDer.encode(signature));
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** {@code r || s} of the DER that the platform's key stores give. */
    public static byte[] fromDer(byte[] der) throws GeneralSecurityException {
        return EcdsaDer.decode(der);
    }

    /** The id of a device: the same app and key have the same id. */
    public static String deviceId(String app, byte[] point) {
        if (!isPoint(point)) {
            throw new IllegalArgumentException(
                    "device key: " + point.length + " bytes (expected: an uncompressed P-256 point of 65)");
        }
        byte[] hash = Bytes.sha256(
                Bytes.ascii("rialto device 1"),
                new byte[1],
                app.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                new byte[1],
                point);
        StringBuilder id = new StringBuilder(DEVICE_ID_CHARS);
        for (int i = 0; i < DEVICE_ID_CHARS; i++) {
            int bit = i * 5;
            int window = (hash[bit / 8] & 0xff) << 8 | hash[bit / 8 + 1] & 0xff;
            id.append(BASE32.charAt(window >>> 11 - bit % 8 & 31));
        }
        return id.toString();
    }

    static byte[] sign(byte[] scalar, byte[] message) throws GeneralSecurityException {
        BigInteger s = new BigInteger(1, scalar);
        if (scalar.length != SCALAR_BYTES || s.signum() == 0 || s.compareTo(N) >= 0) {
            throw new IllegalArgumentException(
                    "P-256 private key: " + scalar.length + " bytes (expected: 32, above 0 and below the order)");
        }
        PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new ECPrivateKeySpec(s, P256));
        Signature ecdsa = Signature.getInstance("SHA256withECDSA");
        ecdsa.initSign(key);
        ecdsa.update(message);
        return EcdsaDer.decode(ecdsa.sign());
    }

    private static PublicKey publicKey(byte[] point) throws GeneralSecurityException {
        ECPoint w = new ECPoint(coordinate(point, 1), coordinate(point, 1 + SCALAR_BYTES));
        return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(w, P256));
    }

    private static BigInteger coordinate(byte[] point, int at) {
        return new BigInteger(1, Arrays.copyOfRange(point, at, at + SCALAR_BYTES));
    }
}
