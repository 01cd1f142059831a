package io.rialto.gateway.upstream;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Backends that registered themselves, each for the time of its lease. For any thread. */
public final class Registry {
    /** Of one service. More than that is a mistake: each of them would have connections from each loop of each node. */
    static final int MAX_INSTANCES = BackendSettings.MAX_ADDRESSES;

    /** Services may register before the configuration knows them. */
    static final int MAX_SERVICES = 10_000;

    private final LongSupplier nanoTime;
    private final Consumer<String> changed;
    private final Map<String, Map<String, Lease>> services = new HashMap<>();

    /**
     * Made empty.
     *
     * @param changed is told the service whose leases changed, without a lock held
     */
    Registry(LongSupplier nanoTime, Consumer<String> changed) {
        this.nanoTime = nanoTime;
        this.changed = changed;
    }

    /** What became of a registration. */
    private enum Effect {
        NONE,
        CHANGED,
        FULL
    }

    /**
     * Adds or renews a lease, or ends it where the registration's time is 0.
     *
     * @return false if there are too many of the service, or of services
     */
    public boolean register(Registration registration) {
        if (registration.ttlMillis() == 0) {
            deregister(registration.service(), registration.instance());
            return true;
        }
        Effect effect = put(registration);
        if (effect == Effect.CHANGED) {
            changed.accept(registration.service());
        }
        return effect != Effect.FULL;
    }

    private synchronized Effect put(Registration registration) {
        Map<String, Lease> leases = services.get(registration.service());
        if (leases == null) {
            if (services.size() >= MAX_SERVICES) {
                return Effect.FULL;
            }
            leases = new LinkedHashMap<>();
            services.put(registration.service(), leases);
        }
        if (leases.size() >= MAX_INSTANCES && !leases.containsKey(registration.instance())) {
            return Effect.FULL;
        }
        Lease lease = new Lease(
                registration.instance(),
                registration.address(),
                registration.protocol(),
                registration.weight(),
                registration.colour(),
                nanoTime.getAsLong() + TimeUnit.MILLISECONDS.toNanos(registration.ttlMillis()));
        Lease before = leases.put(registration.instance(), lease);
        return before == null || !before.routesAs(lease) ? Effect.CHANGED : Effect.NONE;
    }

    /** Ends a lease: the backend gets no new calls, and those in flight finish. Does nothing for one that is unknown. */
    public void deregister(String service, String instance) {
        if (take(service, instance)) {
            changed.accept(service);
        }
    }

    private synchronized boolean take(String service, String instance) {
        Map<String, Lease> leases = services.get(service);
        if (leases == null || leases.remove(instance) == null) {
            return false;
        }
        if (leases.isEmpty()) {
            services.remove(service);
        }
        return true;
    }

    /** Ends the leases whose time is over. */
    void expire() {
        takeExpired().forEach(changed);
    }

    private synchronized List<String> takeExpired() {
        long now = nanoTime.getAsLong();
        List<String> shrunk = new ArrayList<>();
        services.forEach((service, leases) -> {
            if (leases.values().removeIf(lease -> now - lease.endsNanos() >= 0)) {
                shrunk.add(service);
            }
        });
        services.values().removeIf(Map::isEmpty);
        return shrunk;
    }

    /** The leases of a service. */
    synchronized List<Lease> of(String service) {
        return List.copyOf(services.getOrDefault(service, Map.of()).values());
    }
}
