package io.rialto.sync.inbox;

import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.Publication;
import io.rialto.sync.Stored;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** Parts publications by shard among the writers, so that a batch takes few fences and a user is always with one writer. */
final class Publisher implements AutoCloseable {
    private final List<Writer> writers;
    private final long patienceNanos;

    Publisher(DatabaseAddress address, int writers, Duration patience) {
        this.writers = IntStream.range(0, writers)
                .mapToObj(n -> new Writer("inbox-writer-" + n, address, new WriterQueue()))
                .toList();
        this.patienceNanos = patience.toNanos();
    }

    CompletableFuture<Stored> publish(Publication publication) {
        CompletableFuture<Stored> answer = new CompletableFuture<>();
        Writer writer = writers.get(Math.floorMod(publication.shard(), writers.size()));
        if (!writer.queue().offer(new Waiting(publication, answer, System.nanoTime() + patienceNanos))) {
            answer.completeExceptionally(new ProtocolException(
                    Reason.OVERLOADED, "the queue of the inbox is full, or it is going down (expected: later again)"));
        }
        return answer;
    }

    @Override
    public void close() {
        writers.forEach(writer -> writer.queue().close());
        try {
            for (Writer writer : writers) {
                writer.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
