package io.rialto.sync.inbox;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.Publication;
import io.rialto.sync.Stored;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A publication that waits for its answer.
 *
 * @param deadlineNanos after that it is not tried again
 */
record Waiting(Publication publication, CompletableFuture<Stored> answer, long deadlineNanos) {
    /** What a publication takes beside its payload, about. */
    private static final int OVERHEAD_BYTES = 512;

    int bytes() {
        return publication.payload().length + OVERHEAD_BYTES;
    }

    /** Answers groups of one key each: its first one has stored it, the others repeat it. */
    static void succeed(List<List<Waiting>> groups, Stored[] stored) {
        answering(() -> {
            for (int i = 0; i < stored.length; i++) {
                Stored answer = stored[i];
                for (Waiting waiting : groups.get(i)) {
                    waiting.answer.complete(answer);
                    answer = new Stored(answer.sequence(), true);
                }
            }
        });
    }

    static void fail(List<Waiting> batch, Reason reason, String message) {
        if (!batch.isEmpty()) {
            List<Waiting> all = List.copyOf(batch);
            ProtocolException failure = new ProtocolException(reason, message);
            answering(() -> all.forEach(waiting -> waiting.answer.completeExceptionally(failure)));
        }
    }

    /** Not by the writer: whoever waits for an answer goes on in the thread that gives it. */
    private static void answering(Runnable answers) {
        Thread.ofVirtual().start(answers);
    }
}
