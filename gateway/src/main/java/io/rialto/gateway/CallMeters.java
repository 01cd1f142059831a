package io.rialto.gateway;

import io.rialto.node.Meters;
import io.rialto.protocol.Reason;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Counts calls among the meters of a process. */
public final class CallMeters implements GatewayMeters {
    /** From what a local backend takes to the longest time-out that is usual, in seconds. */
    private static final double[] BOUNDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

    private static final int CLASSES = 6;

    private final Meters.Counters calls;
    private final Meters.Histograms seconds;
    private final Map<Reason, Meters.Counter> refusals = new EnumMap<>(Reason.class);

    /** By operation; as bounded as the configuration is, since unknown operations share one name. */
    private final ConcurrentHashMap<String, OfOperation> operations = new ConcurrentHashMap<>();

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record OfOperation(Meters.Counter[] byClass, Meters.Histogram seconds) {}

    public CallMeters(Meters meters) {
        calls = meters.counters(
                "rialto_calls_total", "Calls answered, by operation and class of status", "operation", "status");
        seconds =
                meters.histograms("rialto_call_seconds", "From a call's last byte to its answer", BOUNDS, "operation");
        Meters.Counters all = meters.counters("rialto_refusals_total", "Calls refused, by reason", "reason");
        for (Reason reason : Reason.values()) {
            refusals.put(reason, all.of(reason.wireName()));
        }
    }

    @Override
    public void answered(String operation, int status, long nanos) {
        OfOperation meters = operations.get(operation);
        if (meters == null) {
            meters = operations.computeIfAbsent(operation, this::metersOf);
        }
        meters.byClass[Math.clamp(status / 100, 0, CLASSES - 1)].increment();
        meters.seconds.observeNanos(nanos);
    }

    private OfOperation metersOf(String operation) {
        Meters.Counter[] byClass = new Meters.Counter[CLASSES];
        for (int i = 0; i < CLASSES; i++) {
            byClass[i] = calls.of(operation, i + "xx");
        }
        return new OfOperation(byClass, seconds.of(operation));
    }

    @Override
    public void refused(Reason reason) {
        Meters.Counter counter = refusals.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }
}
