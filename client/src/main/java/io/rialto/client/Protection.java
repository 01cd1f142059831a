package io.rialto.client;

/** How a call is protected beyond TLS. {@code docs/protocol.md} says what each stops. */
public enum Protection {
    /** Call and answer are encrypted between this device and the platform. The default. */
    SEALED,

    /** The call is signed with the session's key; call and answer are readable to whatever ends the TLS connection. */
    SIGNED,

    /** The call is signed with the device's own key, without a session: dearer for both sides, but needs no handshake. */
    SIGNED_BY_DEVICE,

    /** TLS alone, and nobody calls: only for operations that need no identity. */
    PLAIN
}
