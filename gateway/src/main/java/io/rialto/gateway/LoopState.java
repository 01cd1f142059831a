package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import io.rialto.gateway.identity.SealedSessions;
import io.rialto.protocol.ContentDigest;
import io.rialto.protocol.MacSigner;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SignatureInputs;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What the steps keep per event loop: ciphers, counts, and values that are the same for many calls. */
final class LoopState {
    /** Caller tokens at hand, a power of two: about 500 KB when full. */
    static final int TOKENS = 1024;

    /** For 1,024 sessions: a phone's calls come in bursts, and some 4 MB when full. */
    private static final int CIPHERS = 2048;

    /** For as many sessions, some 1 MB when full. */
    private static final int MACS = 1024;

    private static final int SCRATCH_BYTES = 16 * 1024;

    /** Larger ones are not copied on their way out. */
    private static final int ANSWER_BYTES = 4 * 1024;

    final Seal seal = new Seal(CIPHERS);
    final MacSigner mac = new MacSigner(MACS);
    final SignatureInputs signatureInputs = new SignatureInputs();
    final ContentDigest contentDigest = new ContentDigest();
    final SealedSessions.AtHand sessions = new SealedSessions.AtHand();
    final Shedder shedder = new Shedder();
    final CallerContext.@Nullable Minted[] tokens = new CallerContext.@Nullable Minted[TOKENS];
    final SplittableRandom random;
    int inFlight;

    /** Calls whose shard moves, each with its pause; as bounded as the calls under way are. */
    final Map<Exchange, ScheduledFuture<?>> moving = new HashMap<>();

    /** A power of two: what clients cover comes again and again as the same few lists. */
    private static final int COVERED_LISTS = 64;

    private final @Nullable CoveredFields[] covered = new CoveredFields[COVERED_LISTS];
    private byte[] scratch = new byte[SCRATCH_BYTES];
    private ByteBuf answer = Unpooled.buffer(ANSWER_BYTES, ANSWER_BYTES);
    private long second = Long.MIN_VALUE;
    private AsciiString secondText = AsciiString.EMPTY_STRING;

    /** @param seed of random numbers that need not be secret */
    LoopState(long seed) {
        random = new SplittableRandom(seed);
    }

    /** At least {@code size} bytes for use within one step. A larger one than usual is not kept. */
    byte[] scratch(int size) {
        return size <= scratch.length ? scratch : new byte[size];
    }

    /**
     * An empty buffer in an array, for an answer of at most that size; the receiver's to release. Nearly all answers leave, as
     * copies, before the next is made: then the same buffer serves again, whose bytes are near the processor.
     */
    ByteBuf answer(int size) {
        if (size > ANSWER_BYTES) {
            return Unpooled.buffer(size, size);
        }
        if (answer.refCnt() > 1) {
            answer.release(); // waits for its phone
            answer = Unpooled.buffer(ANSWER_BYTES, ANSWER_BYTES);
        }
        return answer.clear().retain();
    }

    /** The fields of a signature's list as {@link #signatureInputs} gives it: the same object for the calls that cover the same. */
    @SuppressWarnings("ReferenceEquality") // an equal list of another signature is served all the same
    CoveredFields covered(List<String> components) {
        int place = System.identityHashCode(components) & (COVERED_LISTS - 1);
        CoveredFields known = covered[place];
        if (known == null || known.components != components) {
            known = new CoveredFields(components, SignedCalls.COVERED_IF_PRESENT);
            covered[place] = known;
        }
        return known;
    }

    /** The value of {@code rialto-time}. */
    AsciiString time(long nowMillis) {
        long now = nowMillis / 1000;
        if (now != second) {
            second = now;
            secondText = AsciiString.of(Long.toString(now));
        }
        return secondText;
    }
}
