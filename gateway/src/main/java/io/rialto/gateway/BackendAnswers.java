package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.Tokens;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.protocol.Reason;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** What of a backend's answer goes back to a phone. */
final class BackendAnswers {
    private static final int MAX_USER = 128;
    private static final Map<AsciiString, Reason> REASONS = new HashMap<>();

    static {
        for (Reason reason : Reason.values()) {
            REASONS.put(AsciiString.cached(reason.wireName()), reason);
        }
    }

    private final GatewayPorts ports;

    BackendAnswers(GatewayPorts ports) {
        this.ports = ports;
    }

    /** The headers to pass on: none of the connection, and of Rialto's own only what this kind of server may say. */
    HeaderList passed(HeaderList all, boolean fromEdge) {
        HeaderList passed = new HeaderList(all.size() + 6);
        for (int i = 0; i < all.size(); i++) {
            AsciiString name = all.name(i);
            boolean own = name.startsWith(Names.RIALTO);
            boolean said = name.contentEquals(Names.REASON)
                    || name.contentEquals(Names.GLOBAL_VERSION)
                    || name.contentEquals(Names.WRITTEN)
                    || name.contentEquals(Names.FENCE_NEXT)
                    || fromEdge && name.contentEquals(Names.SESSION);
            if (own ? said : !Names.HOP_BY_HOP.contains(name)) {
                passed.add(name, all.value(i));
            }
        }
        return passed;
    }

    /** Mints the session that a login's answer asks for. The device must be known, as the session is bound to it. */
    void bind(Exchange x, Outcome.Answered answered, HeaderList passed) {
        AsciiString user = answered.headers().get(Names.BIND_USER);
        Identity who = x.identity;
        if (user == null || user.isEmpty() || user.length() > MAX_USER || answered.status() >= 300) {
            return;
        }
        if (who.device() == null || who.app() == null) {
            return;
        }
        long now = x.nowMillis / 1000;
        Tokens.UserSession session = new Tokens.UserSession(
                who.app(),
                who.device(),
                user.toString(),
                now + x.state.config.bounds().userSessionSeconds());
        passed.add(Names.SESSION, x.state.tokens.mint(session, Instant.ofEpochSecond(now)));
    }

    void give(Exchange x, int status, HeaderList headers, ByteBuf body) {
        if (status < 200 || status > 599) {
            body.release();
            x.gateway.refuse(x, Reason.BACKEND_INVALID, "status: " + status + " (expected: 200 to 599)");
            return;
        }
        count(headers);
        x.answer(status, headers, body);
    }

    void give(Exchange x, Cached.Kept kept) {
        count(kept.headers());
        Cached.give(x, kept);
    }

    /** Backends refuse with Rialto's reasons too (a bad message, a closed fence): each is counted as any refusal. */
    private void count(HeaderList headers) {
        AsciiString text = headers.get(Names.REASON);
        Reason reason = text == null ? null : REASONS.get(text);
        if (reason != null) {
            ports.meters().refused(reason);
        }
    }
}
