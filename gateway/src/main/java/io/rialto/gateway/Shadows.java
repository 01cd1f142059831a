package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.cells.Place;
import io.rialto.gateway.config.App;
import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Pressure tests: calls that are marked, and then go to shadow shards with rows of their own. In doubt a call is refused:
 * one that is taken for real traffic by mistake moves real money.
 */
final class Shadows {
    private static final AsciiString MARK = AsciiString.cached("1");

    private Shadows() {}

    /** Whether a call is marked, by the caller or by the edge that forwarded it. */
    static boolean isShadow(Exchange x) throws ProtocolException {
        Caller server = x.identity.caller();
        if (server != null && server.isShadow()) {
            return true;
        }
        if (!x.call.headers().contains(Names.SHADOW)) {
            return false;
        }
        CharSequence mark = CallFields.combined(x.headers, Names.SHADOW);
        if (mark == null || !MARK.contentEquals(mark)) {
            throw new ProtocolException(
                    Reason.SHADOW_NOT_ALLOWED,
                    "rialto-shadow: " + (mark == null ? "not under the call's seal or signature" : "not 1")
                            + " (expected: 1, signed where the call is; sealed calls cannot carry it)");
        }
        if (server == null && !isAllowed(x)) {
            throw new ProtocolException(
                    Reason.SHADOW_NOT_ALLOWED,
                    "app " + x.identity.app() + " (expected: one with pressure-tests, whose caller shows who it is)");
        }
        return true;
    }

    private static boolean isAllowed(Exchange x) {
        String id = x.identity.app();
        App app = id == null ? null : x.state.config.apps().get(id);
        return app != null && app.pressureTests();
    }

    /** The place of a pressure test's data, which the operation must have. */
    static Place require(Exchange x, OperationState operation, @Nullable Place place) throws ProtocolException {
        if (place == null || operation.own != null) {
            throw new ProtocolException(
                    Reason.NO_SHADOW,
                    x.call.path() + ": a pressure test without shadow data (expected: an operation of a backend that is"
                            + " routed by user, hint or global, and a shard that the table has a shadow of)");
        }
        return place;
    }
}
