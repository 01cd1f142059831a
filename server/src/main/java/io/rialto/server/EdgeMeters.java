package io.rialto.server;

import io.rialto.gateway.GatewayMeters;
import io.rialto.gateway.transport.ConnectionEnd;
import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.gateway.transport.StreamEnd;
import io.rialto.gateway.transport.TransportMeters;
import io.rialto.gateway.upstream.UpstreamMeters;
import io.rialto.node.Meters;
import io.rialto.protocol.Reason;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/** What an edge counts. Every counter that a call may touch is made before, or kept once made: no look-up by text. */
final class EdgeMeters implements GatewayMeters, TransportMeters, UpstreamMeters {
    /** Seconds; from an answer out of the cache to a backend's time-out. */
    private static final double[] BOUNDS = {
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

    private final Meters meters;
    private final Meters.Counters calls;
    private final Meters.Histograms times;
    private final Meters.Counters events;
    private final Map<Reason, Meters.Counter> refusals = new EnumMap<>(Reason.class);
    private final Map<Reason, Meters.Counter> transportRefusals = new EnumMap<>(Reason.class);
    private final Map<ConnectionEnd, Meters.Counter> ends = new EnumMap<>(ConnectionEnd.class);
    private final Map<Listener, Meters.Counter> opened = new EnumMap<>(Listener.class);
    private final Map<Listener, Meters.Counter> closed = new EnumMap<>(Listener.class);
    private final Map<Listener, Meters.Counter> streamsBegan = new EnumMap<>(Listener.class);
    private final Map<StreamEnd, Meters.Counter> streamEnds = new EnumMap<>(StreamEnd.class);
    private final Map<String, Of> operations = new ConcurrentHashMap<>();
    private final Map<String, Map<Event, Meters.Counter>> services = new ConcurrentHashMap<>();

    /** An operation's own. */
    private record Of(Meters.Histogram seconds, List<Meters.Counter> byStatusClass) {}

    EdgeMeters(Meters meters) {
        this.meters = meters;
        calls = meters.counters("rialto_calls_total", "Calls answered.", "operation", "status");
        times = meters.histograms("rialto_call_seconds", "From a call's last byte to its answer.", BOUNDS, "operation");
        events = meters.counters("rialto_upstream_total", "Events on the way to backends.", "service", "event");
        Meters.Counters refused = meters.counters("rialto_refusals_total", "Calls refused, by reason.", "reason");
        Meters.Counters transport = meters.counters(
                "rialto_transport_refusals_total", "Requests refused before they were calls, by reason.", "reason");
        for (Reason reason : Reason.values()) {
            refusals.put(reason, refused.of(name(reason)));
            transportRefusals.put(reason, transport.of(name(reason)));
        }
        Meters.Counters ended = meters.counters(
                "rialto_connections_ended_total", "Connections that the edge ended or did not accept.", "cause");
        for (ConnectionEnd cause : ConnectionEnd.values()) {
            ends.put(cause, ended.of(name(cause)));
        }
        Meters.Counters streams = meters.counters("rialto_streams_ended_total", "Streams that ended.", "cause");
        for (StreamEnd cause : StreamEnd.values()) {
            streamEnds.put(cause, streams.of(name(cause)));
        }
        Meters.Counters began = meters.counters("rialto_streams_began_total", "Streams that began.", "listener");
        Meters.Counters open = meters.counters("rialto_connections_opened_total", "Connections opened.", "listener");
        Meters.Counters close = meters.counters("rialto_connections_closed_total", "Connections closed.", "listener");
        for (Listener side : Listener.values()) {
            opened.put(side, open.of(name(side)));
            closed.put(side, close.of(name(side)));
            streamsBegan.put(side, began.of(name(side)));
        }
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static <K> void count(Map<K, Meters.Counter> counters, K key) {
        Meters.Counter counter = counters.get(key);
        if (counter != null) {
            counter.increment();
        }
    }

    @Override
    public void answered(String operation, int status, long nanos) {
        Of of = operations.computeIfAbsent(operation, this::of);
        of.seconds().observeNanos(nanos);
        of.byStatusClass().get(Math.clamp(status / 100, 1, 5) - 1).increment();
    }

    private Of of(String operation) {
        List<Meters.Counter> byClass = IntStream.rangeClosed(1, 5)
                .mapToObj(digit -> calls.of(operation, digit + "xx"))
                .toList();
        return new Of(times.of(operation), byClass);
    }

    @Override
    public void refused(Reason reason) {
        count(refusals, reason);
    }

    @Override
    public void refused(Listener side, Reason reason) {
        count(transportRefusals, reason);
    }

    @Override
    public void opened(Listener side) {
        count(opened, side);
    }

    @Override
    public void closed(Listener side) {
        count(closed, side);
    }

    @Override
    public void ended(Listener side, ConnectionEnd cause) {
        count(ends, cause);
    }

    @Override
    public void streamBegan(Listener side) {
        count(streamsBegan, side);
    }

    @Override
    public void streamEnded(Listener side, StreamEnd cause) {
        count(streamEnds, cause);
    }

    @Override
    public void add(String service, Event event) {
        Map<Event, Meters.Counter> known = services.get(service); // the other way may lock, twice a call
        count(known != null ? known : services.computeIfAbsent(service, this::eventsOf), event);
    }

    private Map<Event, Meters.Counter> eventsOf(String service) {
        Map<Event, Meters.Counter> all = new EnumMap<>(Event.class);
        for (Event event : Event.values()) {
            all.put(event, events.of(service, name(event)));
        }
        return all;
    }

    String text() {
        return meters.text();
    }
}
