package io.rialto.client.inbox;

import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.SyncKey;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A stream that was accepted: since when, when it was last heard, and why this side ended it. */
final class OpenStream {
    /** The welcome comes at once, or nobody is there. */
    private static final int WELCOME_SECONDS = 8;

    /** From the question whether the other side is there to the end, where nothing comes. */
    private static final long ANSWER_MILLIS = 10_000;

    private final LineStream stream;
    private final LongSupplier nanos;
    private final long openedNanos;
    private volatile long heardNanos;
    private volatile boolean blocked;
    private volatile int beatSeconds = WELCOME_SECONDS;
    private volatile boolean welcome;
    private volatile boolean silent;
    private volatile boolean asked;
    private volatile boolean asWanted;
    private volatile @Nullable String endedBecause;
    private volatile List<SyncKey> highest = List.of();
    private @Nullable List<SyncKey> askedAt;

    OpenStream(LineStream stream, LongSupplier nanos) {
        this.stream = stream;
        this.nanos = nanos;
        this.openedNanos = nanos.getAsLong();
        this.heardNanos = openedNanos;
    }

    byte[] receive() throws LineException {
        byte[] frame;
        try {
            frame = stream.receive();
        } catch (LineException e) {
            String why = endedBecause;
            throw why == null ? e : new LineException(why, "", 0, e);
        }
        heardNanos = nanos.getAsLong();
        asked = false;
        return frame;
    }

    void send(DeviceFrame frame) throws LineException {
        stream.send(frame.encode());
    }

    void welcomed(int seconds, List<SyncKey> keys) {
        beatSeconds = seconds;
        highest = keys;
        welcome = true;
    }

    void beatSeconds(int seconds) {
        beatSeconds = seconds;
    }

    void heard(List<SyncKey> keys) {
        highest = keys;
    }

    /** As the platform last said. */
    List<SyncKey> highest() {
        return highest;
    }

    /** Whether what is missing was asked for already when the device was where it is; it counts as asked for now. */
    boolean asked(List<SyncKey> here) {
        boolean before = here.equals(askedAt);
        askedAt = here;
        return before;
    }

    /** While handlers are behind, the stream is not read, and its silence says nothing. */
    void blocked(boolean value) {
        blocked = value;
        heardNanos = nanos.getAsLong();
    }

    /**
     * Asks whether the other side is there when it was silent for longer than a beat, and ends the stream where it is not.
     *
     * @return when to look again, in milliseconds; 0 where it has ended
     */
    long checkSilence(Runnable ask) {
        long beat = TimeUnit.SECONDS.toMillis(beatSeconds);
        // beats are longer than this but in tests
        long answer = Math.min(ANSWER_MILLIS, 2 * beat);
        if (blocked) {
            return beat;
        }
        long quiet = TimeUnit.NANOSECONDS.toMillis(nanos.getAsLong() - heardNanos);
        if (quiet < beat) {
            return beat - quiet;
        }
        if (!asked) {
            asked = true;
            ask.run();
            return answer;
        }
        if (quiet < beat + answer) {
            return beat + answer - quiet;
        }
        silent = true;
        end("nothing was heard for " + quiet + " ms");
        return 0;
    }

    long livedMillis() {
        return welcome ? TimeUnit.NANOSECONDS.toMillis(nanos.getAsLong() - openedNanos) : 0;
    }

    boolean wasSilent() {
        return silent;
    }

    /** Whether the app wanted its end: then nothing failed, and nothing is to be waited for. */
    boolean endedAsWanted() {
        return asWanted;
    }

    void endAsWanted(String why) {
        asWanted = true;
        end(why);
    }

    /** Ends it from any thread; who reads it hears why. */
    void end(String why) {
        if (endedBecause == null) {
            endedBecause = why;
        }
        stream.close();
    }

    void close() {
        stream.close();
    }
}
