package io.rialto.sync.inbox;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.Publication;
import io.rialto.sync.Stored;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

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

    /** Answers groups of one key each: its first one has stored it, the others repeat it; or the fence refused them. */
    static void answer(List<List<Waiting>> groups, PublishStatement.Outcome[] outcomes) {
        answering(() -> {
            for (int i = 0; i < outcomes.length; i++) {
                Stored stored = outcomes[i].stored();
                for (Waiting waiting : groups.get(i)) {
                    if (stored == null) {
                        waiting.answer.completeExceptionally(fenced(waiting.publication, outcomes[i].epoch()));
                    } else {
                        waiting.answer.complete(stored);
                        stored = new Stored(stored.sequence(), true);
                    }
                }
            }
        });
    }

    private static ProtocolException fenced(Publication publication, @Nullable Long epoch) {
        return new ProtocolException(
                Reason.FENCED,
                "shard " + publication.shard() + " is " + (epoch == null ? "not open" : "open at epoch " + epoch)
                        + " here (expected: open at epoch " + publication.epoch() + ")");
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
