package io.rialto.gateway.upstream;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.loop.Loop;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The upstreams of all services of a node. {@link #apply} takes the settings, as often as they change: what stays the
 * same keeps its connections, what goes finishes its calls.
 */
@SuppressWarnings("FutureReturnValueIgnored") // timers that run out are harmless
public final class Upstreams implements AutoCloseable {
    /** How long a service that is no longer in the settings still takes calls: those that chose it before the change. */
    private static final long GRACE_MILLIS = 5_000;

    private static final long EXPIRE_MILLIS = 250;

    private final EventLoop home;
    private final EventLoops loops;
    private final Connector connector;
    private final UpstreamMeters meters;
    private final HostResolver resolver;
    private final SplittableRandom random;
    private final Registry registry = new Registry(System::nanoTime, this::leasesChanged);
    private final Map<EventLoop, LoopContext> contexts = new ConcurrentHashMap<>();
    private final Map<String, Running> services = new ConcurrentHashMap<>();
    private final Future<?> expiry;

    /** A service and what is done for it from time to time, under the lock. */
    private record Running(Service service, HealthChecks health, NameRefresh names) {
        void stop() {
            health.stop();
            names.stop();
        }
    }

    /**
     * Made without services.
     *
     * @param loops that calls run on
     */
    public Upstreams(EventLoops loops, UpstreamMeters meters, HostResolver resolver, SplittableRandom random) {
        this.loops = loops;
        home = loops.next().eventLoop();
        connector = new Connector(loops.clientChannel());
        this.meters = meters;
        this.resolver = resolver;
        this.random = random;
        expiry = home.scheduleWithFixedDelay(registry::expire, EXPIRE_MILLIS, EXPIRE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Where backends register. */
    public Registry registry() {
        return registry;
    }

    /**
     * The upstream of a service, or null where the settings have none. It stays the same object while the settings have
     * the service.
     */
    public @Nullable Upstream of(String service) {
        Running running = services.get(service);
        return running == null ? null : running.service();
    }

    /** The backends of a service that are of a colour; where none of it is known, those of all colours. */
    public @Nullable Upstream of(String service, String colour) {
        Running running = colour.isEmpty() ? null : services.get(Service.coloured(service, colour));
        return running != null && running.service().backends().length > 0 ? running.service() : of(service);
    }

    /** Whether any backend of a service is well; also where none is known. */
    public boolean isWell(String service) {
        Running running = services.get(service);
        if (running == null) {
            return true;
        }
        Backend[] backends = running.service().backends();
        for (Backend backend : backends) {
            if (backend.healthy()) {
                return true;
            }
        }
        return backends.length == 0;
    }

    /** Calls in flight of all services. */
    public int inFlight() {
        int sum = 0;
        for (Running running : services.values()) {
            sum += running.service().inFlight();
        }
        return sum;
    }

    /**
     * Puts settings in place of those before.
     *
     * @param cell this node's
     * @throws IllegalArgumentException where two are of one service; nothing has changed then
     */
    public synchronized void apply(String cell, Collection<BackendSettings> all) {
        Map<String, BackendSettings> wanted = new HashMap<>();
        for (BackendSettings settings : all) {
            if (wanted.put(settings.service(), settings) != null) {
                throw new IllegalArgumentException(
                        "backends: two for service " + settings.service() + " (expected: one)");
            }
        }
        for (String name : new ArrayList<>(services.keySet())) {
            if (!wanted.containsKey(name)) {
                remove(name);
            }
        }
        wanted.forEach((name, settings) -> {
            Running running = services.get(name);
            if (running == null) {
                Running started = start(settings, cell);
                services.put(name, started);
                // A backend may have registered in between.
                started.service().leasesChanged();
            } else {
                running.service().update(settings, cell);
                running.health().settingsChanged();
                running.names().settingsChanged();
            }
        });
    }

    private Running start(BackendSettings settings, String cell) {
        Service service = new Service(settings, cell, registry, this::context);
        HealthChecks health = new HealthChecks(service, home);
        NameRefresh names = new NameRefresh(service, resolver, home);
        health.settingsChanged();
        names.settingsChanged();
        return new Running(service, health, names);
    }

    private void remove(String name) {
        Running gone = services.remove(name);
        if (gone != null) {
            gone.stop();
            home.schedule(gone.service()::retire, GRACE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void leasesChanged(String service) {
        for (Running running : services.values()) {
            if (running.service().isOf(service)) {
                running.service().leasesChanged();
            }
        }
    }

    private LoopContext context(EventLoop eventLoop) {
        return contexts.computeIfAbsent(eventLoop, key -> {
            Loop loop = loops.of(key);
            return new LoopContext(loop, loops.all().size(), new DeadlineWheel(loop), connector, meters, split());
        });
    }

    private SplittableRandom split() {
        synchronized (random) {
            return random.split();
        }
    }

    /** Lets all backends go; calls in flight end as they would while their loops run. */
    @Override
    public synchronized void close() {
        expiry.cancel(false);
        services.values().forEach(running -> {
            running.stop();
            running.service().retire();
        });
        services.clear();
    }
}
