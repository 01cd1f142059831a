package io.rialto.gateway.identity;

import io.netty.util.AsciiString;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * The sessions that this edge has accepted calls of, by their tickets. One is forgotten only when every call of
 * it is stale, as otherwise forgetting would open the window again; full, new ones are refused, and
 * from half full on those of a device that has many. Safe for all threads.
 */
public final class SealedSessions {
    /** Some 400 bytes each, so about 400 MB when full: a node serves fewer phones than that in four minutes. */
    public static final int CAPACITY = 1_000_000;

    /** Until a call can be stale for sure: the skew allowed, and some for a call between the check of its time and here. */
    private static final long MARGIN_SECONDS = 10;

    /** One device's part of the capacity, once more than half of it is taken; it needs a single one. */
    private static final int SHARES = 5_000;

    /** Devices are counted by their hash, in 256 KB: two that share a count share its limit. */
    private static final int COUNTS = 1 << 16;

    private final AtomicIntegerArray byDevice = new AtomicIntegerArray(COUNTS);
    private final ConcurrentHashMap<AsciiString, SealedSession> byTicket = new ConcurrentHashMap<>();
    private final AtomicInteger size = new AtomicInteger();
    private final int capacity;
    private final long skewSeconds;

    public SealedSessions(int capacity, long skewSeconds) {
        this.capacity = capacity;
        this.skewSeconds = skewSeconds;
    }

    /**
     * The sessions that one event loop found last. A phone names its ticket once for each connection, if it sends it as
     * HTTP/2 lets it: then each call has the same object, and none of its letters, which are many, need be read. Over
     * HTTP/1.1 they are compared, which costs less than their hash.
     */
    public static final class AtHand {
        /** A power of two; some 8 KB, and the tickets, of a few hundred bytes each. */
        private static final int PLACES = 1024;

        /** Letters of a ticket's end that tell tickets apart: a seal's last bytes are as good as random. */
        private static final int TELLING = 6;

        private final @Nullable AsciiString[] tickets = new AsciiString[PLACES];
        private final @Nullable SealedSession[] found = new SealedSession[PLACES];

        private @Nullable SealedSession get(AsciiString ticket) {
            int place = place(ticket);
            AsciiString known = tickets[place];
            SealedSession session = known != null && isSame(known, ticket) ? found[place] : null;
            return session == null || session.isForgotten() ? null : session;
        }

        @SuppressWarnings("ReferenceEquality") // most are the same object, and need no look at their letters
        private static boolean isSame(AsciiString one, AsciiString other) {
            int from = one.arrayOffset();
            int otherFrom = other.arrayOffset();
            return one == other
                    || Arrays.equals(
                            one.array(),
                            from,
                            from + one.length(),
                            other.array(),
                            otherFrom,
                            otherFrom + other.length());
        }

        private void put(AsciiString ticket, SealedSession session) {
            int place = place(ticket);
            boolean whole = ticket.array().length == ticket.length(); // else it would hold all that it is a part of
            tickets[place] = whole ? ticket : new AsciiString(ticket.toByteArray(), false);
            found[place] = session;
        }

        private static int place(AsciiString ticket) {
            int hash = 0;
            for (int i = Math.max(0, ticket.length() - TELLING); i < ticket.length(); i++) {
                hash = hash * 31 + ticket.byteAt(i);
            }
            return hash * 0x9e3779b9 >>> 22;
        }
    }

    /** The session of a ticket; it is remembered from its first genuine call. */
    public SealedSession of(AsciiString ticket, AtHand hand, Tokens tokens, long nowSeconds) throws ProtocolException {
        SealedSession session = hand.get(ticket);
        if (session == null) {
            session = byTicket.get(ticket);
            if (session == null) {
                return new SealedSession(tokens.ticket(ticket, Instant.ofEpochSecond(nowSeconds)));
            }
            hand.put(ticket, session);
        }
        if (nowSeconds >= session.ticket().endsSeconds()) {
            throw new ProtocolException(
                    Reason.EXPIRED_TICKET,
                    "session ended at " + session.ticket().endsSeconds() + " (expected: a new handshake)");
        }
        return session;
    }

    /**
     * Takes the counter of a call that was proven genuine and fresh. All calls of a session take from the same memory:
     * one that is being forgotten gives nothing more, and what it knew was stale.
     *
     * @return the session; null where the counter was taken before
     */
    public @Nullable SealedSession take(AsciiString ticket, SealedSession session, long counter, long timeSeconds)
            throws ProtocolException {
        SealedSession shared = session;
        while (true) {
            if (!shared.isRemembered()) {
                shared = remember(ticket, shared);
            }
            Boolean taken = shared.take(counter, timeSeconds);
            if (taken != null) {
                return taken ? shared : null;
            }
            remove(ticket, shared);
            shared = new SealedSession(session.ticket());
        }
    }

    private SealedSession remember(AsciiString ticket, SealedSession session) throws ProtocolException {
        SealedSession known = byTicket.get(ticket);
        if (known != null) {
            return known;
        }
        if (!hasPlaceFor(session)) {
            throw new ProtocolException(
                    Reason.REPLAY_MEMORY_FULL,
                    size.get() + " sessions are remembered, " + byDevice.get(count(session))
                            + " of this device (expected: fewer than " + capacity
                            + ", one of a device; try again later)");
        }
        return put(ticket, session);
    }

    private SealedSession put(AsciiString ticket, SealedSession session) {
        // The text may be a view of a larger buffer: then a copy of its own is kept. Else the connection has it, too.
        AsciiString own = ticket.isEntireArrayUsed() ? ticket : new AsciiString(ticket.toByteArray(), false);
        SealedSession raced = byTicket.putIfAbsent(own, session);
        if (raced != null) {
            return raced;
        }
        session.remembered();
        byDevice.incrementAndGet(count(session));
        size.incrementAndGet();
        return session;
    }

    private boolean hasPlaceFor(SealedSession session) {
        int taken = size.get();
        return taken < capacity
                && (taken < capacity / 2 || byDevice.get(count(session)) < Math.max(1, capacity / SHARES));
    }

    private static int count(SealedSession session) {
        return (session.ticket().device().hashCode() * 0x9e3779b9) >>> 16;
    }

    /** Forgets sessions of which no call can be fresh any more; for a thread that may take its time. */
    public void sweep(long nowSeconds) {
        long oldest = nowSeconds - skewSeconds - MARGIN_SECONDS;
        byTicket.forEach((ticket, session) -> {
            if (session.forget(oldest)) {
                remove(ticket, session);
            }
        });
    }

    private void remove(AsciiString ticket, SealedSession session) {
        if (byTicket.remove(ticket, session)) {
            byDevice.decrementAndGet(count(session));
            size.decrementAndGet();
        }
    }

    public int size() {
        return size.get();
    }
}
