package io.rialto.sync;

import java.util.List;

/**
 * The devices of the users of one cell. All of it blocks; callers are virtual threads. Fails with {@link InboxException}
 * where the keeper does not answer.
 */
public interface Devices {
    /** Notes what devices say of themselves; devices of shards that are not open here are passed over. */
    void seen(List<DeviceState> devices);

    /** The devices of a user, the one that was seen last first. A push token is with the device that told it last only. */
    List<DeviceState> devicesOf(String user);

    /** Forgets a push token, since its vendor says that it is not valid any more. */
    void unregister(String vendor, String token);
}
