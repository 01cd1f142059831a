package io.rialto.gateway;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One call to a backend that several equal calls wait for. It belongs to none of them: whoever goes away leaves the
 * others their answer, and only the last to leave cancels it. Safe for all threads.
 */
final class Flight {
    private final String key;
    private final ConcurrentHashMap<String, Flight> flights;
    private final EventLoop loop;

    /** As bounded as the calls under way are. */
    private final List<Exchange> waiting = new ArrayList<>();

    private boolean landed;
    private @Nullable Runnable cancel;

    Flight(String key, ConcurrentHashMap<String, Flight> flights, EventLoop loop) {
        this.key = key;
        this.flights = flights;
        this.loop = loop;
    }

    /** Waits with the others, on the exchange's loop; false where the answer has come already. */
    boolean join(Exchange x) {
        synchronized (this) {
            if (landed) {
                return false;
            }
            waiting.add(x);
        }
        x.onCancel(() -> leave(x));
        x.expireAtDeadline();
        return true;
    }

    /** Says how to cancel the call to the backend, on the loop of whoever leads. */
    void started(Runnable how) {
        boolean alone;
        synchronized (this) {
            cancel = how;
            alone = landed && waiting.isEmpty();
        }
        if (alone) {
            how.run();
        }
    }

    void leave(Exchange x) {
        Runnable stop;
        synchronized (this) {
            if (!waiting.remove(x) || landed || !waiting.isEmpty()) {
                return;
            }
            landed = true;
            stop = cancel;
        }
        flights.remove(key, this);
        if (stop != null) {
            loop.execute(stop);
        }
    }

    /** Gives everyone the answer, each on its own loop. */
    void land(Consumer<Exchange> answer) {
        List<Exchange> all;
        synchronized (this) {
            landed = true;
            all = List.copyOf(waiting);
            waiting.clear();
        }
        flights.remove(key, this);
        for (Exchange x : all) {
            x.onLoop(() -> answer.accept(x));
        }
    }
}
