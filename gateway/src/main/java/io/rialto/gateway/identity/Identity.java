package io.rialto.gateway.identity;

import io.rialto.protocol.Caller;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who a call was shown to come from.
 *
 * @param app null where nothing was shown
 * @param device null for partners and backends
 * @param partner the id of a partner's key, or null
 * @param user null where it acts for none
 * @param enrolling the public key of a device that enrols, or null
 * @param caller what another server of the platform says, or null
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
public record Identity(
        @Nullable String app,
        @Nullable String device,
        @Nullable String partner,
        @Nullable String user,
        byte @Nullable [] enrolling,
        @Nullable Caller caller) {
    public static final Identity NONE = new Identity(null, null, null, null, null, null);

    /** Whether both were shown to be the same; of those who showed nothing nobody knows. */
    public boolean isSameCaller(Identity other) {
        return (device != null || partner != null || user != null)
                && Objects.equals(app, other.app)
                && Objects.equals(device, other.device)
                && Objects.equals(partner, other.partner)
                && Objects.equals(user, other.user);
    }

    public static Identity device(String app, String device, @Nullable String user) {
        return new Identity(app, device, null, user, null, null);
    }

    public static Identity partner(String app, String key) {
        return new Identity(app, null, key, null, null, null);
    }

    public static Identity enrolling(byte[] point) {
        return new Identity(null, null, null, null, point, null);
    }

    public static Identity server(Caller caller) {
        return new Identity(caller.app(), caller.device(), null, caller.user(), null, caller);
    }
}
