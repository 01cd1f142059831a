package io.rialto.gateway;

import io.netty.channel.EventLoop;
import io.rialto.gateway.identity.JwkSets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway needs of the process around it.
 *
 * @param nanoTime what deadlines, limits and delays are measured with
 * @param queueDelayNanos the least delay of a loop's queue over the last 100 ms
 * @param nextLoop an event loop for what the node itself sends, another one each time
 * @param hosted operations that other rooms of the process serve
 * @param streams takes devices' streams; null where this process has none
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
        Supplier<EventLoop> nextLoop,
        List<HostedOperation> hosted,
        @Nullable DeviceStreams streams,
        Supplier<String> metrics,
        BooleanSupplier ready) {
    public GatewayPorts {
        hosted = List.copyOf(hosted);
    }
}
