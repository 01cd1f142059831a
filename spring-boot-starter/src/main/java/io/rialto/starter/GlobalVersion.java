package io.rialto.starter;

import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The newest version of the global data that the call which is being served has seen: its caller before it, its own writes,
 * and the calls that it made. It goes on with each call to another cell, and back with the answer.
 *
 * <p>Known on the thread that serves the call. Work that is handed to another thread runs under {@link PressureTest#carry}.
 */
final class GlobalVersion {
    static final ScopedValue<AtomicLong> SEEN = ScopedValue.newInstance();

    private GlobalVersion() {}

    /** The version; 0 where none was seen. */
    static long seen() {
        return SEEN.isBound() ? SEEN.get().get() : 0;
    }

    /** Takes note of a version that the data has come to. */
    static void saw(long version) {
        if (SEEN.isBound()) {
            SEEN.get().accumulateAndGet(version, Math::max);
        }
    }

    /** Takes note of what an answer says; what is no version is no news. */
    static void saw(@Nullable String header) {
        if (header != null) {
            try {
                saw(parse(header));
            } catch (ProtocolException e) {
                // a gateway of another make
            }
        }
    }

    /** A version as it travels. */
    static long parse(@Nullable String header) throws ProtocolException {
        if (header == null) {
            return 0;
        }
        if (!header.matches("[0-9]{1,18}")) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME,
                    HeaderNames.GLOBAL_VERSION + ": " + header.length() + " characters (expected: 1 to 18 digits)");
        }
        return Long.parseLong(header);
    }
}
