package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.SealedSession;
import io.rialto.gateway.identity.SealedSessions;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.Seal;

/** Opens sealed calls: docs/protocol.md, section 6. All of it is quick and stays on the loop. */
final class SealedCalls {
    private final CoveredFields callFields = new CoveredFields(Seal.callHeaders());
    private final SealedSessions sessions;
    private final Freshness freshness;

    SealedCalls(SealedSessions sessions, Freshness freshness) {
        this.sessions = sessions;
        this.freshness = freshness;
    }

    Step.Progress open(Exchange x) throws ProtocolException {
        HeaderList headers = x.call.headers();
        freshness.requireEdge(single(headers, Names.EDGE));
        long time = Freshness.decimal(single(headers, Names.TIME), "rialto-time", Long.MAX_VALUE);
        freshness.requireTime(time, x.nowMillis);
        AsciiString ticket = single(headers, Names.TICKET);
        SealedSession session = sessions.of(ticket, x.local.sessions, x.state.tokens, x.nowMillis / 1000);
        Identity identity = x.state.checked(session.identity());
        long counter = Freshness.counter(single(headers, Names.COUNTER), "rialto-counter");
        if (session.refuses(counter)) {
            throw replayed(counter); // before the cost of opening it
        }
        CoveredFields.Values covered = callFields.of(headers);
        byte[] scratch = x.local.scratch(x.body.readableBytes());
        int length = message(x, session, counter, covered, scratch);
        // Only now is the call known to be genuine: nothing that a stranger sends changes a memory.
        SealedSession taken = sessions.take(ticket, session, counter, time);
        if (taken == null) {
            throw replayed(counter);
        }
        opened(x, scratch, length);
        x.session = taken;
        x.counter = counter;
        x.identity = identity;
        AsciiString inner = headers.get(Names.SEALED_CONTENT_TYPE);
        if (x.call.stream() == null) {
            x.codec = Decode.codec(inner);
        } else {
            Streams.requireGrpc(inner);
        }
        x.headers = covered.list(); // what the seal does not cover, anyone on the way may have written
        return Step.Progress.CONTINUE;
    }

    /** Opens the body into the loop's scratch; the length of the message there. */
    private static int message(
            Exchange x, SealedSession session, long counter, CoveredFields.Values covered, byte[] scratch)
            throws ProtocolException {
        int length = x.body.readableBytes();
        x.body.getBytes(x.body.readerIndex(), scratch, 0, length);
        AsciiString method = x.call.method();
        return x.local.seal.openCallInPlace(
                session.toServer(), counter, CallFields.text(method), x.pathAndQuery(), covered, scratch, 0, length);
    }

    /** The message stands where its seal stood, which is longer: a buffer more for each call would be one to fetch again. */
    private static void opened(Exchange x, byte[] scratch, int length) {
        if (x.body.isReadOnly()) {
            x.replaceBody(Unpooled.copiedBuffer(scratch, 0, length));
        } else {
            int start = x.body.readerIndex();
            x.body.setBytes(start, scratch, 0, length).writerIndex(start + length);
        }
    }

    static AsciiString single(HeaderList headers, AsciiString name) throws ProtocolException {
        AsciiString value = headers.get(name);
        if (value == null) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, name + ": absent (expected: one)");
        }
        return value;
    }

    static ProtocolException replayed(long counter) {
        return new ProtocolException(
                Reason.REPLAYED_CALL, "counter: " + counter + " (expected: one that was not used, within the window)");
    }
}
