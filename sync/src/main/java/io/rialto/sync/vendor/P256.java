package io.rialto.sync.vendor;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.InvalidKeySpecException;
import java.util.Arrays;
import javax.crypto.KeyAgreement;

/** Points of the curve P-256 (SEC 1, FIPS 186-5) as Web Push writes them: 0x04, x, y. */
final class P256 {
    static final int POINT_BYTES = 65;
    static final byte UNCOMPRESSED = 4;

    static final ECParameterSpec SPEC = spec();
    private static final BigInteger P = ((ECFieldFp) SPEC.getCurve().getField()).getP();
    static final int COORDINATE_BYTES = 32;

    private P256() {}

    private static ECParameterSpec spec() {
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(new ECGenParameterSpec("secp256r1"));
            return parameters.getParameterSpec(ECParameterSpec.class);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("P-256, which every JDK has", e);
        }
    }

    static boolean contains(BigInteger x, BigInteger y) {
        return x.compareTo(P) < 0
                && y.compareTo(P) < 0
                && y.modPow(BigInteger.TWO, P).equals(ySquared(x));
    }

    private static BigInteger ySquared(BigInteger x) {
        return x.pow(3)
                .add(SPEC.getCurve().getA().multiply(x))
                .add(SPEC.getCurve().getB())
                .mod(P);
    }

    static byte[] encode(ECPublicKey key) {
        byte[] point = new byte[POINT_BYTES];
        point[0] = UNCOMPRESSED;
        put(key.getW().getAffineX(), point, 1);
        put(key.getW().getAffineY(), point, 1 + COORDINATE_BYTES);
        return point;
    }

    private static void put(BigInteger coordinate, byte[] point, int at) {
        byte[] bytes = coordinate.toByteArray();
        int skip = Math.max(0, bytes.length - COORDINATE_BYTES);
        int length = bytes.length - skip;
        System.arraycopy(bytes, skip, point, at + COORDINATE_BYTES - length, length);
    }

    /** The key of a point that is on the curve. */
    static ECPublicKey decode(byte[] point) throws InvalidKeySpecException {
        BigInteger x = new BigInteger(1, Arrays.copyOfRange(point, 1, 1 + COORDINATE_BYTES));
        BigInteger y = new BigInteger(1, Arrays.copyOfRange(point, 1 + COORDINATE_BYTES, POINT_BYTES));
        return publicKey(new ECPoint(x, y));
    }

    private static ECPublicKey publicKey(ECPoint point) throws InvalidKeySpecException {
        try {
            return (ECPublicKey) KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, SPEC));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("EC, which every JDK has", e);
        }
    }

    /** What two keys have in common: x of their product. */
    static byte[] agree(PrivateKey mine, PublicKey theirs) throws GeneralSecurityException {
        KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
        agreement.init(mine);
        agreement.doPhase(theirs, true);
        return agreement.generateSecret();
    }

    /**
     * The public key of a private one, which need not be in its file. The agreement with the curve's base point gives
     * its x; of the two points with that x the right one is whose key verifies.
     */
    static ECPublicKey publicOf(ECPrivateKey key) throws GeneralSecurityException {
        BigInteger x = new BigInteger(1, agree(key, publicKey(SPEC.getGenerator())));
        // A root, since P is 3 modulo 4.
        BigInteger y = ySquared(x).modPow(P.add(BigInteger.ONE).shiftRight(2), P);
        ECPublicKey one = publicKey(new ECPoint(x, y));
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(key);
        byte[] signed = signature.sign();
        signature.initVerify(one);
        return signature.verify(signed) ? one : publicKey(new ECPoint(x, P.subtract(y)));
    }
}
