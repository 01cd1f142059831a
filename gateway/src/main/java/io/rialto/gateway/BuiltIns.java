package io.rialto.gateway;

import io.rialto.gateway.identity.JwtVerifier;
import io.rialto.gateway.identity.Nonces;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The platform's own operations, by path: those that are steps of calls themselves, and those that a room serves. */
final class BuiltIns {
    private final Map<String, BuiltIn> byPath = new HashMap<>();
    private final Map<String, OperationState> operations = new HashMap<>();

    BuiltIns(
            GatewayPorts ports,
            OffLoop offLoop,
            Nonces nonces,
            Freshness freshness,
            JwtVerifier jwts,
            UserRates userRates) {
        byPath.put("/rialto.Device/Enrol", new EnrolDevice());
        byPath.put("/rialto.Seal/Open", new OpenSession(ports, offLoop, nonces, freshness, jwts));
        byPath.put(UserRates.PATH, userRates);
        long now = ports.nanoTime().getAsLong();
        for (HostedOperation hosted : ports.hosted()) {
            HostedCalls calls = new HostedCalls(hosted, ports);
            operations.put(hosted.path(), new OperationState(calls.config(), now, calls));
        }
        if (ports.streams() != null) {
            operations.put(
                    DeviceStreams.PATH, new OperationState(Streams.config(), now, new Streams(ports.streams(), ports)));
        }
    }

    @Nullable
    BuiltIn find(String path) {
        return byPath.get(path);
    }

    /** Operations as any others, but that this node answers them; by path. */
    Map<String, OperationState> operations() {
        return operations;
    }
}
