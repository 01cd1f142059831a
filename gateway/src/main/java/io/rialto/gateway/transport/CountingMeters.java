package io.rialto.gateway.transport;

import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.protocol.Reason;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** Counters of one or more listeners, summed over sides. Safe for all threads. */
public final class CountingMeters implements TransportMeters {
    private final LongAdder opened = new LongAdder();
    private final LongAdder closed = new LongAdder();
    private final LongAdder called = new LongAdder();
    private final Map<ConnectionEnd, LongAdder> ended = new EnumMap<>(ConnectionEnd.class);
    private final Map<Reason, LongAdder> refused = new EnumMap<>(Reason.class);
    private final LongAdder streamsBegan = new LongAdder();
    private final Map<StreamEnd, LongAdder> streamsEnded = new EnumMap<>(StreamEnd.class);

    public CountingMeters() {
        for (ConnectionEnd cause : ConnectionEnd.values()) {
            ended.put(cause, new LongAdder());
        }
        for (Reason reason : Reason.values()) {
            refused.put(reason, new LongAdder());
        }
        for (StreamEnd cause : StreamEnd.values()) {
            streamsEnded.put(cause, new LongAdder());
        }
    }

    @Override
    public void opened(Listener side) {
        opened.increment();
    }

    @Override
    public void closed(Listener side) {
        closed.increment();
    }

    @Override
    public void ended(Listener side, ConnectionEnd cause) {
        of(ended, cause).increment();
    }

    @Override
    public void called(Listener side) {
        called.increment();
    }

    @Override
    public void refused(Listener side, Reason reason) {
        of(refused, reason).increment();
    }

    @Override
    public void streamBegan(Listener side) {
        streamsBegan.increment();
    }

    @Override
    public void streamEnded(Listener side, StreamEnd cause) {
        of(streamsEnded, cause).increment();
    }

    public long streamsBegan() {
        return streamsBegan.sum();
    }

    public long streamsEnded(StreamEnd cause) {
        return of(streamsEnded, cause).sum();
    }

    public long opened() {
        return opened.sum();
    }

    public long closed() {
        return closed.sum();
    }

    public long called() {
        return called.sum();
    }

    public long ended(ConnectionEnd cause) {
        return of(ended, cause).sum();
    }

    public long refused(Reason reason) {
        return of(refused, reason).sum();
    }

    private static <K> LongAdder of(Map<K, LongAdder> counters, K key) {
        return Objects.requireNonNull(counters.get(key));
    }
}
