package io.rialto.gateway.upstream;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts in memory, by service and event. */
@SuppressWarnings("EnumOrdinal") // only places in an array in memory
public final class CountingMeters implements UpstreamMeters {
    private static final Event[] EVENTS = Event.values();

    private final Map<String, LongAdder[]> counters = new ConcurrentHashMap<>();

    @Override
    public void add(String service, Event event) {
        of(service)[event.ordinal()].increment();
    }

    /** How often an event of a service happened. */
    public long count(String service, Event event) {
        return of(service)[event.ordinal()].sum();
    }

    /** The services that were counted. */
    public Iterable<String> services() {
        return counters.keySet();
    }

    private LongAdder[] of(String service) {
        LongAdder[] known = counters.get(service);
        return known != null ? known : counters.computeIfAbsent(service, absent -> fresh());
    }

    private static LongAdder[] fresh() {
        LongAdder[] adders = new LongAdder[EVENTS.length];
        for (int i = 0; i < adders.length; i++) {
            adders[i] = new LongAdder();
        }
        return adders;
    }
}
