package io.rialto.gateway;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Work that an event loop must not do: public-key operations, and waiting for identity providers. */
final class OffLoop implements AutoCloseable {
    /** At some 100 us of public-key work each this is a queue of about 100 ms per core; more would only wait. */
    private static final int MAX_PENDING = 1024;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger pending = new AtomicInteger();

    /** Work with a result. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws ProtocolException;
    }

    /** Does work elsewhere and hands its result back on the call's loop; refusals become the call's. */
    <T> Step.Progress run(Exchange x, Work<T> work, Consumer<T> then) throws ProtocolException {
        if (pending.incrementAndGet() > MAX_PENDING) {
            pending.decrementAndGet();
            throw new ProtocolException(
                    Reason.OVERLOADED, MAX_PENDING + " signatures and handshakes wait already (try again later)");
        }
        threads.execute(() -> work(x, work, then));
        return Step.Progress.SUSPENDED;
    }

    private <T> void work(Exchange x, Work<T> work, Consumer<T> then) {
        try {
            T result = work.run();
            x.onLoop(() -> then.accept(result));
        } catch (ProtocolException refused) {
            x.refuseLater(refused.reason(), String.valueOf(refused.getMessage()));
        } catch (RuntimeException bug) {
            x.gateway.report(bug);
            x.refuseLater(Reason.INTERNAL, "the edge failed; its log says how");
        } finally {
            pending.decrementAndGet();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
