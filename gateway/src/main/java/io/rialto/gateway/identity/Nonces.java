package io.rialto.gateway.identity;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.security.SecureRandom;

/**
 * The nonces of signed calls and handshakes, in memories apart, so that strangers, who may enrol with as many keys as they
 * like, cannot use up the place of devices, nor devices that of partners, nor one device that of the others.
 */
public final class Nonces {
    /** A node that accepts more signed calls and handshakes than this in four minutes is full. */
    private static final int MAX_DEVICES = 2_000_000;

    private static final int MAX_PARTNERS = 1_000_000;

    /** A thousand a second: far more than real enrolments. */
    private static final int MAX_ENROLMENTS = 250_000;

    private final NonceMemory devices;
    private final NonceMemory partners;
    private final NonceMemory enrolments;
    private final OwnerShares shares;

    public Nonces(SecureRandom random) {
        this(random, MAX_DEVICES);
    }

    Nonces(SecureRandom random, int maxDevices) {
        devices = new NonceMemory(maxDevices, random);
        partners = new NonceMemory(MAX_PARTNERS, random);
        enrolments = new NonceMemory(MAX_ENROLMENTS, random);
        shares = new OwnerShares(maxDevices);
    }

    /**
     * Remembers the nonce of a call until the call is stale.
     *
     * @param owner whose nonce it is
     * @param staleSeconds when every copy of the call is refused by its time
     */
    public void take(Identity who, String owner, String nonce, long staleSeconds, long nowSeconds)
            throws ProtocolException {
        String text = owner + "\n" + nonce;
        if (who.enrolling() != null) {
            enrolments.take(text, staleSeconds, nowSeconds);
        } else if (who.partner() != null) {
            partners.take(text, staleSeconds, nowSeconds);
        } else if (shares.allows(owner, nowSeconds)) {
            devices.take(text, staleSeconds, nowSeconds);
            shares.count(owner, nowSeconds);
        } else {
            throw new ProtocolException(
                    Reason.REPLAY_MEMORY_FULL,
                    "too many nonces of this caller (expected: fewer while memory is short; try again later)");
        }
    }
}
