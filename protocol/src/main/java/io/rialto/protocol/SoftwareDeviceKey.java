package io.rialto.protocol;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;

/** A device key in memory, for devices without a key store and for tools. */
public final class SoftwareDeviceKey implements DeviceSigner {
    private final byte[] scalar;
    private final byte[] point;

    private SoftwareDeviceKey(byte[] scalar, byte[] point) {
        this.scalar = scalar;
        this.point = point;
    }

    public static SoftwareDeviceKey generate(SecureRandom random) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"), random);
            KeyPair pair = generator.generateKeyPair();
            byte[] scalar = new byte[DeviceKeys.SCALAR_BYTES];
            byte[] point = new byte[DeviceKeys.POINT_BYTES];
            put(scalar, 0, ((ECPrivateKey) pair.getPrivate()).getS().toByteArray());
            point[0] = 4;
            put(point, 1, ((ECPublicKey) pair.getPublic()).getW().getAffineX().toByteArray());
            put(point, 33, ((ECPublicKey) pair.getPublic()).getW().getAffineY().toByteArray());
            return new SoftwareDeviceKey(scalar, point);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("P-256 is missing from this platform", e);
        }
    }

    /**
     * A key by its bytes.
     *
     * @param encoded what {@link #encoded()} gave
     * @throws IllegalArgumentException where the bytes are no such key, or its halves do not belong together
     */
    public static SoftwareDeviceKey of(byte[] encoded) {
        if (encoded.length != DeviceKeys.SCALAR_BYTES + DeviceKeys.POINT_BYTES) {
            throw new IllegalArgumentException("device key: " + encoded.length + " bytes (expected: "
                    + (DeviceKeys.SCALAR_BYTES + DeviceKeys.POINT_BYTES) + ")");
        }
        SoftwareDeviceKey key = new SoftwareDeviceKey(
                Arrays.copyOf(encoded, DeviceKeys.SCALAR_BYTES),
                Arrays.copyOfRange(encoded, DeviceKeys.SCALAR_BYTES, encoded.length));
        byte[] probe = {1};
        boolean matches;
        try {
            matches = DeviceKeys.verify(key.point, probe, key.sign(probe));
        } catch (GeneralSecurityException e) {
            matches = false;
        }
        if (!matches) {
            throw new IllegalArgumentException("device key: its point does not belong to its scalar");
        }
        return key;
    }

    /** The private scalar (32 bytes) and the point (65): a secret. */
    public byte[] encoded() {
        return Bytes.concat(scalar, point);
    }

    @Override
    public byte[] point() {
        return point.clone();
    }

    @Override
    public byte[] sign(byte[] message) throws GeneralSecurityException {
        return DeviceKeys.sign(scalar, message);
    }

    /** No part of the private key is in it. */
    @Override
    public String toString() {
        return "SoftwareDeviceKey";
    }

    private static void put(byte[] to, int at, byte[] number) {
        int skip = Math.max(0, number.length - 32);
        System.arraycopy(number, skip, to, at + 32 - (number.length - skip), number.length - skip);
    }
}
