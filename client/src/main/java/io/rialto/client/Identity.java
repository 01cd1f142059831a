package io.rialto.client;

import io.rialto.protocol.DeviceSigner;
import io.rialto.protocol.SoftwareDeviceKey;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/** Who calls: the device's key and credential, and the user's session token. Kept between runs. */
final class Identity {
    private static final String KEY = "device-key";
    private static final String CREDENTIAL = "credential";
    private static final String SESSION = "session";

    private final Kept kept;
    private final DeviceSigner signer;
    private @Nullable String credential;
    private @Nullable String userToken;
    private boolean userSuspended;
    private int version;

    /** @param given the device's key where the app has one, null for one of ours */
    Identity(Kept kept, @Nullable DeviceSigner given, SecureRandom random) {
        this.kept = kept;
        this.signer = given != null ? given : softwareKey(kept, random);
        this.credential = text(kept.get(CREDENTIAL));
        this.userToken = text(kept.get(SESSION));
    }

    private static DeviceSigner softwareKey(Kept kept, SecureRandom random) {
        byte[] stored = kept.get(KEY);
        if (stored != null) {
            try {
                return SoftwareDeviceKey.of(stored);
            } catch (IllegalArgumentException e) {
                kept.report("storage: device key unreadable, this is a new device now: " + e.getMessage());
                kept.remove(CREDENTIAL);
                kept.remove(SESSION);
            }
        }
        SoftwareDeviceKey key = SoftwareDeviceKey.generate(random);
        kept.put(KEY, key.encoded());
        return key;
    }

    private static @Nullable String text(byte @Nullable [] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    DeviceSigner signer() {
        return signer;
    }

    /** Rises whenever who calls changes; a session of another version is of somebody else. */
    synchronized int version() {
        return version;
    }

    synchronized @Nullable String credential() {
        return credential;
    }

    /** The token of the user who is logged in, or null. */
    synchronized @Nullable String userToken() {
        return userSuspended ? null : userToken;
    }

    synchronized boolean hasUser() {
        return userToken != null && !userSuspended;
    }

    void enrolled(String newCredential) {
        synchronized (this) {
            credential = newCredential;
        }
        kept.put(CREDENTIAL, newCredential.getBytes(StandardCharsets.UTF_8));
    }

    /** The platform refused a credential: a new one is needed, if this is still the one in use. */
    void credentialRefused(String refused) {
        synchronized (this) {
            if (!refused.equals(credential)) {
                return;
            }
            credential = null;
        }
        kept.remove(CREDENTIAL);
    }

    void loggedIn(String token) {
        synchronized (this) {
            userToken = token;
            userSuspended = false;
            version++;
        }
        kept.put(SESSION, token.getBytes(StandardCharsets.UTF_8));
    }

    void loggedOut() {
        synchronized (this) {
            userToken = null;
            userSuspended = false;
            version++;
        }
        kept.remove(SESSION);
    }

    /**
     * The platform refused a user's token. It is left out from now on, so that a login can be made, but stays stored
     * until then: the refusal came in the clear, and whoever forged it must not be able to log a user out for good.
     *
     * @return whether this is news
     */
    synchronized boolean userRefused(@Nullable String refused) {
        if (refused == null || userSuspended || !refused.equals(userToken)) {
            return false;
        }
        userSuspended = true;
        version++;
        return true;
    }

    /** No secret is in it. */
    @Override
    public String toString() {
        return "Identity";
    }
}
