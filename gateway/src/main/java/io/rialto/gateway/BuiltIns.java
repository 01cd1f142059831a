package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.JwtVerifier;
import io.rialto.gateway.identity.Nonces;
import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The platform's own operations, by path. */
final class BuiltIns {
    /** A registration lists a backend's operations; all else is smaller. */
    private static final int MAX_INTERNAL_BODY = 256 * 1024;

    private final Map<String, BuiltIn> byPath = new HashMap<>();

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
        ports.internal().forEach((path, operation) -> byPath.put(path, new Internal(operation)));
    }

    @Nullable
    BuiltIn find(String path) {
        return byPath.get(path);
    }

    private record Internal(InternalOperation operation) implements BuiltIn {
        @Override
        public Audience audience() {
            return Audience.SERVERS;
        }

        @Override
        public int maxBodyBytes() {
            return MAX_INTERNAL_BODY;
        }

        @Override
        public Step.Progress invoke(Exchange x) throws ProtocolException {
            Caller caller = x.identity.caller();
            if (caller == null) {
                throw new ProtocolException(Reason.IDENTITY_REQUIRED, x.call.path() + " (expected: rialto-caller)");
            }
            byte[] answer = operation.answer(caller, x.bodyBytes());
            return x.answer(200, new HeaderList(4).add(Names.CONTENT_TYPE, Names.JSON), Unpooled.wrappedBuffer(answer));
        }
    }
}
