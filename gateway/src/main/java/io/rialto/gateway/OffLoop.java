package io.rialto.gateway;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Work that an event loop must not do: public-key operations, and waiting for identity providers. */
final class OffLoop implements AutoCloseable {
    /**
     * What is done, each with a bound of its own: a flood of one kind, which strangers can send without any credential,
     * leaves room for the others. At some 100 us of public-key work each, all of them together are a queue of about 100 ms
     * per core; more would only wait.
     */
    enum Kind {
        /** Signatures of devices, whose credential is checked first, and of partners. */
        SIGNATURE(1024),
        /** Answers about where cells are, each made once. */
        DIRECTORY(256),
        HANDSHAKE(512),
        ENROLMENT(256);

        private final int most;

        Kind(int most) {
            this.most = most;
        }
    }

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<Kind, AtomicInteger> pending = new EnumMap<>(Kind.class);

    OffLoop() {
        for (Kind kind : Kind.values()) {
            pending.put(kind, new AtomicInteger());
        }
    }

    /** Work with a result. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws ProtocolException;
    }

    /** Does work elsewhere and hands its result back on the call's loop; refusals become the call's. */
    <T> Step.Progress run(Exchange x, Kind kind, Work<T> work, Consumer<T> then) throws ProtocolException {
        AtomicInteger waiting = Objects.requireNonNull(pending.get(kind));
        if (waiting.incrementAndGet() > kind.most) {
            waiting.decrementAndGet();
            throw new ProtocolException(
                    Reason.OVERLOADED, kind.most + " checks of kind " + kind + " wait already (try again later)");
        }
        threads.execute(() -> work(x, waiting, work, then));
        return Step.Progress.SUSPENDED;
    }

    private <T> void work(Exchange x, AtomicInteger waiting, Work<T> work, Consumer<T> then) {
        try {
            T result = work.run();
            x.onLoop(() -> then.accept(result));
        } catch (ProtocolException refused) {
            x.refuseLater(refused.reason(), String.valueOf(refused.getMessage()));
        } catch (RuntimeException bug) {
            x.gateway.report(bug);
            x.refuseLater(Reason.INTERNAL, "the edge failed; its log says how");
        } finally {
            waiting.decrementAndGet();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
