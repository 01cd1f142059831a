package io.rialto.protocol;

import java.security.GeneralSecurityException;

/** A device's P-256 key, in hardware where the device can; {@link SoftwareDeviceKey} elsewhere. */
public interface DeviceSigner {
    /** The public key: an uncompressed point, 65 bytes. */
    byte[] point();

    /**
     * ECDSA with SHA-256.
     *
     * @return {@code r || s}, 64 bytes; {@link DeviceKeys#fromDer} makes it of what key stores give
     */
    byte[] sign(byte[] message) throws GeneralSecurityException;
}
