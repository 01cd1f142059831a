package io.rialto.gateway.upstream;

import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One service: its settings and its backends from all sources. Changes come on any thread and are made under this
 * object's lock, which no call takes; each event loop sees them with its next call or sooner.
 */
final class Service implements Upstream {
    private static final Logger LOG = LoggerFactory.getLogger(Service.class);

    /** Between a service's name and a colour; no service's own name has it. */
    private static final char COLOUR = '#';

    private final String name;
    private final Registry registry;
    private final Function<EventLoop, LoopContext> loops;
    private final Map<EventLoop, LoopService> locals = new ConcurrentHashMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private volatile BackendSettings settings;
    private volatile Backend[] backends = {};

    // The sources, under the lock.
    private String cell;
    private final Map<String, List<InetAddress>> resolved = new HashMap<>();

    Service(BackendSettings settings, String cell, Registry registry, Function<EventLoop, LoopContext> loops) {
        this.registry = registry;
        name = settings.service();
        this.settings = settings;
        this.cell = cell;
        this.loops = loops;
        rebuild();
    }

    String name() {
        return name;
    }

    static String coloured(String service, String colour) {
        return service + COLOUR + colour;
    }

    /** Whether the leases of a service are, or may be, its backends. */
    boolean isOf(String service) {
        return name.startsWith(service)
                && (name.length() == service.length() || name.charAt(service.length()) == COLOUR);
    }

    /** The leases under which it is called: of a colour those of that colour, of no colour all. */
    private List<Lease> leases() {
        int colour = name.indexOf(COLOUR);
        return colour < 0
                ? registry.of(name)
                : registry.of(name.substring(0, colour)).stream()
                        .filter(lease -> lease.colour().equals(name.substring(colour + 1)))
                        .toList();
    }

    BackendSettings settings() {
        return settings;
    }

    Backend[] backends() {
        return backends;
    }

    @Override
    public Runnable send(OutboundCall call, Consumer<Outcome> outcome) {
        Exchange exchange = new Exchange(on(call.loop()), call, outcome);
        exchange.start();
        return exchange;
    }

    LoopService on(EventLoop loop) {
        LoopService known = locals.get(loop);
        return known != null ? known : locals.computeIfAbsent(loop, key -> new LoopService(this, loops.apply(key)));
    }

    /** Takes a place among the calls in flight, if there is one. */
    boolean enter() {
        if (inFlight.incrementAndGet() > settings.maxInFlight()) {
            inFlight.decrementAndGet();
            return false;
        }
        return true;
    }

    void leave() {
        inFlight.decrementAndGet();
    }

    int inFlight() {
        return inFlight.get();
    }

    synchronized void update(BackendSettings changed, String changedCell) {
        settings = changed;
        cell = changedCell;
        rebuild();
    }

    /** Takes over the leases that are in force now. */
    synchronized void leasesChanged() {
        rebuild();
    }

    /** Lets all backends go; calls in flight end as they would. */
    synchronized void retire() {
        backends = new Backend[0];
        tellLoops();
    }

    /** The names among its addresses. */
    synchronized List<String> names() {
        List<String> names = new ArrayList<>();
        for (Address address : addresses()) {
            if (!address.isLiteral() && !names.contains(address.host())) {
                names.add(address.host());
            }
        }
        return names;
    }

    /** Looks its names up; may block. A name that cannot be found keeps the addresses that it had. */
    void resolve(HostResolver resolver) {
        for (String host : names()) {
            try {
                List<InetAddress> found = resolver.resolve(host);
                resolved(host, found);
            } catch (UnknownHostException unknown) {
                LOG.warn("{}: {} cannot be looked up; its last addresses stay", name, host);
            }
        }
    }

    private synchronized void resolved(String host, List<InetAddress> found) {
        if (!found.isEmpty() && !found.equals(resolved.put(host, List.copyOf(found)))) {
            rebuild();
        }
    }

    private List<Address> addresses() {
        List<Address> all = new ArrayList<>(settings.addresses().getOrDefault(cell, List.of()));
        Address dns = settings.dns();
        if (dns != null) {
            all.add(dns);
        }
        return all;
    }

    /** Makes the list of backends anew, keeping those that it already has. */
    private void rebuild() {
        Map<Backend.Key, Integer> wanted = new LinkedHashMap<>();
        for (Address address : addresses()) {
            for (InetAddress ip : addressesOf(address.host())) {
                wanted.put(new Backend.Key(new InetSocketAddress(ip, address.port()), settings.protocol()), 1);
            }
        }
        if (settings.registered()) {
            for (Lease lease : leases()) {
                wanted.put(new Backend.Key(lease.socketAddress(), lease.protocol()), lease.weight());
            }
        }
        Map<Backend.Key, Backend> known = new HashMap<>();
        for (Backend backend : backends) {
            known.put(backend.key(), backend);
        }
        boolean same = known.size() == wanted.size();
        List<Backend> next = new ArrayList<>(wanted.size());
        for (Map.Entry<Backend.Key, Integer> entry : wanted.entrySet()) {
            Backend backend = known.get(entry.getKey());
            if (backend == null) {
                same = false;
                backend = new Backend(settings, entry.getKey(), entry.getValue());
            } else {
                backend.update(settings, entry.getValue());
            }
            next.add(backend);
        }
        if (!same) {
            backends = next.toArray(new Backend[0]);
            LOG.info("{} has backends {}", name, wanted.keySet());
            tellLoops();
        }
    }

    private List<InetAddress> addressesOf(String host) {
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        if (literal == null) {
            return resolved.getOrDefault(host, List.of());
        }
        try {
            return List.of(InetAddress.getByAddress(literal));
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("an address of " + literal.length + " bytes", impossible);
        }
    }

    /** Loops without calls must let go of connections too. */
    private void tellLoops() {
        locals.forEach((loop, local) -> loop.execute(local::refresh));
    }
}
