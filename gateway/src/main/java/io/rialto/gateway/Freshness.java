package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.Seal;
import org.jspecify.annotations.Nullable;

/** Whether an authenticated call is for this edge and of this time: what replay protection stands on. */
final class Freshness {
    /** What a call's time may differ by from ours, either way. */
    static final long SKEW_SECONDS = 120;

    private final AsciiString self;

    Freshness(EdgeName self) {
        this.self = AsciiString.of(self.toString());
    }

    void requireEdge(@Nullable CharSequence edge) throws ProtocolException {
        if (edge == null || !self.contentEquals(edge)) {
            throw new ProtocolException(
                    Reason.WRONG_EDGE,
                    "rialto-edge: " + edge + " (expected: " + self + "; seal or sign the call for it)");
        }
    }

    void requireTime(long seconds, long nowMillis) throws ProtocolException {
        long now = nowMillis / 1000;
        if (seconds < now - SKEW_SECONDS || seconds > now + SKEW_SECONDS) {
            throw new ProtocolException(
                    Reason.STALE_CALL,
                    "time: " + seconds + " (expected: within " + SKEW_SECONDS + " s of " + now + ")");
        }
    }

    /** A counter: a number without leading zeros, so that each has one spelling. */
    static long counter(@Nullable CharSequence text, String name) throws ProtocolException {
        if (text != null && text.length() > 1 && text.charAt(0) == '0') {
            throw malformed(name, text, Seal.MAX_COUNTER);
        }
        return decimal(text, name, Seal.MAX_COUNTER);
    }

    /** A number of decimal digits. */
    static long decimal(@Nullable CharSequence text, String name, long most) throws ProtocolException {
        if (text == null || text.isEmpty() || text.length() > 18) {
            throw malformed(name, text, most);
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                throw malformed(name, text, most);
            }
            value = value * 10 + c - '0';
        }
        if (value > most) {
            throw malformed(name, text, most);
        }
        return value;
    }

    private static ProtocolException malformed(String name, @Nullable CharSequence text, long most) {
        return new ProtocolException(Reason.MALFORMED_FRAME, name + ": " + text + " (expected: 0 to " + most + ")");
    }
}
