package io.rialto.gateway;

import io.netty.channel.EventLoop;
import io.rialto.gateway.identity.JwkSets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * What a gateway needs of the process around it.
 *
 * @param nanoTime what deadlines, limits and delays are measured with
 * @param queueDelayNanos the least delay of a loop's queue over the last 100 ms
 * @param internal operations of other rooms on the internal listener, by path
 * @param metrics the text of {@code /metrics}
 * @param ready whether the rest of the process is ready, for {@code /health/ready}
 */
public record GatewayPorts(
        EdgeName self,
        Destinations destinations,
        InstantSource clock,
        LongSupplier nanoTime,
        SecureRandom random,
        JwkSets.Fetcher jwkFetcher,
        ToLongFunction<EventLoop> queueDelayNanos,
        GatewayMeters meters,
        Map<String, InternalOperation> internal,
        Supplier<String> metrics,
        BooleanSupplier ready) {
    public GatewayPorts {
        internal = Map.copyOf(internal);
    }
}
