package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.cells.Place;
import io.rialto.gateway.identity.Identity;
import io.rialto.protocol.Caller;
import org.jspecify.annotations.Nullable;

/** Tells other servers who calls: {@code rialto-caller}, and the trace that the call is part of. */
final class CallerContext {
    /** How long a token serves the calls of one caller to one operation, so that not each costs a MAC. */
    private static final long REUSE_MILLIS = 1_000;

    private static final int MAX_LOCALE = 32;
    private static final int TRACEPARENT_CHARS = 55;
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final GatewayPorts ports;

    CallerContext(GatewayPorts ports) {
        this.ports = ports;
    }

    /** A token with what it was minted for. */
    record Minted(
            GatewayState state,
            OperationState operation,
            Identity identity,
            @Nullable Place place,
            @Nullable String locale,
            int hops,
            long issuedMillis,
            AsciiString text) {}

    @SuppressWarnings("ReferenceEquality") // the same objects come again; equal ones are minted anew
    AsciiString token(Exchange x, OperationState operation, int hops) {
        String locale = locale(x);
        int slot = (System.identityHashCode(x.identity) * 31 + operation.hashCode()) & (LoopState.TOKENS - 1);
        Minted minted = x.local.tokens[slot];
        if (minted != null
                && minted.identity == x.identity
                && minted.operation == operation
                && minted.state == x.state
                && minted.place == x.place
                && minted.hops == hops
                && x.nowMillis - minted.issuedMillis < REUSE_MILLIS
                && x.nowMillis >= minted.issuedMillis
                && java.util.Objects.equals(minted.locale, locale)) {
            return minted.text;
        }
        Minted fresh = mint(x, operation, locale, hops);
        x.local.tokens[slot] = fresh;
        return fresh.text;
    }

    private Minted mint(Exchange x, OperationState operation, @Nullable String locale, int hops) {
        long now = x.nowMillis;
        // The last call that it serves starts a reuse's time from now and may take the operation's time.
        long expires = now
                + Math.min(
                        operation.config.timeoutMillis() + REUSE_MILLIS,
                        io.rialto.protocol.CallerTokens.MAX_LIFETIME_MILLIS);
        Caller caller = caller(x, ports.self().node(), operation.name, expires, locale, hops);
        AsciiString text = AsciiString.of(x.state.callers.mint(caller));
        return new Minted(x.state, operation, x.identity, x.place, locale, hops, now, text);
    }

    private static Caller caller(
            Exchange x, String issuer, String operation, long expires, @Nullable String locale, int hops) {
        Caller.Builder caller = Caller.builder(issuer, operation, x.nowMillis, expires)
                .app(x.identity.app())
                .device(x.identity.device())
                .user(x.identity.user())
                .locale(locale)
                .hops(hops)
                .colour(x.colour.isEmpty() ? null : x.colour);
        Place place = x.place;
        if (place != null) {
            caller.shard(place.shard()).epoch(place.epoch());
        }
        return caller.build();
    }

    /** Who calls, for an operation that this node answers itself. */
    Caller caller(Exchange x, String operation) {
        Caller server = x.identity.caller();
        if (server != null && x.place == null) {
            return server;
        }
        String issuer = server == null ? ports.self().node() : server.issuer();
        return caller(x, issuer, operation, x.nowMillis, locale(x), server == null ? 0 : server.hops());
    }

    /** The first language that the caller names. */
    static @Nullable String locale(Exchange x) {
        AsciiString languages = x.headers.get(Names.ACCEPT_LANGUAGE);
        if (languages == null) {
            Caller caller = x.identity.caller();
            return caller == null ? null : caller.locale();
        }
        int end = 0;
        while (end < languages.length() && isTag(languages.charAt(end))) {
            end++;
        }
        return end == 0 || end > MAX_LOCALE ? null : languages.toString(0, end);
    }

    private static boolean isTag(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-';
    }

    /** The caller's trace (W3C Trace Context), or a new one that is not sampled. */
    AsciiString trace(Exchange x) {
        AsciiString given = x.headers.get(Names.TRACEPARENT);
        if (given != null && given.length() == TRACEPARENT_CHARS && given.charAt(2) == '-') {
            return given;
        }
        byte[] text = new byte[TRACEPARENT_CHARS];
        text[0] = '0';
        text[1] = '0';
        text[2] = '-';
        hex(text, 3, x.local.random.nextLong());
        hex(text, 19, x.local.random.nextLong());
        text[35] = '-';
        hex(text, 36, x.local.random.nextLong() | 1);
        text[52] = '-';
        text[53] = '0';
        text[54] = '0';
        return new AsciiString(text, false);
    }

    private static void hex(byte[] to, int at, long value) {
        for (int i = 0; i < 16; i++) {
            to[at + i] = (byte) HEX[(int) (value >>> (60 - 4 * i)) & 15];
        }
    }
}
