package io.rialto.gateway;

import io.rialto.protocol.Caller;
import org.jspecify.annotations.Nullable;

/**
 * Who opened a stream, as verified.
 *
 * @param user null where the device acts for none
 * @param shard of the user, who is of this cell; {@link Caller#NO_SHARD} where there is none
 * @param epoch of the shard; 0 where there is none
 * @param locale a BCP 47 language tag, or null
 * @param sealed whether its messages are sealed on the way
 */
public record StreamCaller(
        String app,
        String device,
        @Nullable String user,
        int shard,
        long epoch,
        @Nullable String locale,
        boolean sealed) {}
