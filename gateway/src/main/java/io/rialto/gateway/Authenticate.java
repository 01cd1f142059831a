package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.JwtVerifier;
import io.rialto.gateway.identity.Nonces;
import io.rialto.gateway.identity.SealedSessions;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.protocol.ProtocolException;

/**
 * Who calls: a sealed session, a signature, another server, or nobody who could show it. What a call says of itself
 * outside of that is dropped here, before any other step can see it.
 */
final class Authenticate implements Step {
    private final SealedCalls sealed;
    private final SignedCalls signed;

    Authenticate(
            GatewayPorts ports,
            SealedSessions sessions,
            Nonces nonces,
            Freshness freshness,
            JwtVerifier jwts,
            OffLoop offLoop) {
        sealed = new SealedCalls(sessions, freshness);
        signed = new SignedCalls(ports, sessions, nonces, freshness, jwts, offLoop);
    }

    @Override
    public Progress take(Exchange x) throws ProtocolException {
        HeaderList headers = x.call.headers();
        AsciiString type = headers.get(Names.CONTENT_TYPE);
        if (type != null && type.contentEquals(Names.SEALED)) {
            return sealed.open(x);
        }
        AsciiString caller = headers.get(Names.CALLER);
        if (caller != null && x.call.listener() == InboundCall.Listener.INTERNAL) {
            return server(x, caller);
        }
        if (headers.contains(Names.SIGNATURE_INPUT)) {
            return signed.verify(x);
        }
        x.headers = plain(headers);
        return Progress.CONTINUE;
    }

    private static Progress server(Exchange x, AsciiString token) throws ProtocolException {
        String path = x.call.path();
        String operation = path.isEmpty() ? path : path.substring(1);
        x.identity = Identity.server(x.state.callers.verify(token.toString(), operation, x.nowMillis));
        return Progress.CONTINUE;
    }

    /** Nobody vouches for these fields; those that would show who calls are not among them. */
    private static HeaderList plain(HeaderList all) {
        HeaderList kept = new HeaderList(all.size());
        for (int i = 0; i < all.size(); i++) {
            AsciiString name = all.name(i);
            if (!name.contentEquals(Names.CALLER) && !name.contentEquals(Names.BIND_USER)) {
                kept.add(name, all.value(i));
            }
        }
        return kept;
    }
}
