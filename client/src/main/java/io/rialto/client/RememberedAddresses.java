package io.rialto.client;

import io.rialto.client.codec.JsonCodec;
import io.rialto.client.http.AddressLookup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Addresses of gateways: as remembered, also from the last run; else as the next lookup says. What is old is still used
 * while it is asked for anew, first in the platform's directory, then by the next lookup, so that a broken DNS does not
 * matter to a phone that has been here before, and no call waits for a fresh answer. Certificates are checked against the
 * host whatever the address, so nobody gains by a wrong answer.
 */
final class RememberedAddresses implements AddressLookup {
    /** How long an answer is fresh. */
    private static final long FRESH_NANOS = TimeUnit.MINUTES.toNanos(10);

    /** After a refresh that brought nothing, the next one waits this long. */
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Boot addresses, and gateways of the cells that a phone was in. */
    private static final int MAX_HOSTS = 32;

    private static final int MAX_ADDRESSES = 16;
    private static final int MAX_GATEWAYS = 16;
    private static final String STORED = "addresses";

    /** Nothing that a lookup would send anywhere, as a name in its place would. */
    private static final Pattern LITERAL =
            Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private final AddressLookup next;
    private final Clock clock;
    private final Executor refresher;
    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private final AtomicBoolean refreshing = new AtomicBoolean();
    private volatile @Nullable Sources sources;

    private static final class Known {
        final List<InetAddress> addresses;
        final long askAgainNanos;

        Known(List<InetAddress> addresses, long askAgainNanos) {
            this.addresses = addresses;
            this.askAgainNanos = askAgainNanos;
        }
    }

    /** What a client that runs has beside the next lookup. */
    private static final class Sources {
        final Kept kept;
        final Supplier<byte @Nullable []> directory;
        final Consumer<List<URI>> gateways;

        Sources(Kept kept, Supplier<byte @Nullable []> directory, Consumer<List<URI>> gateways) {
            this.kept = kept;
            this.directory = directory;
            this.gateways = gateways;
        }
    }

    RememberedAddresses(AddressLookup next, Clock clock, Executor refresher) {
        this.next = next;
        this.clock = clock;
        this.refresher = refresher;
    }

    /**
     * Takes up what the last run knew.
     *
     * @param directory the body of an answer of the platform's directory, or null where no gateway gave one
     * @param gateways is told those that the directory names
     */
    void begin(Kept kept, Supplier<byte @Nullable []> directory, Consumer<List<URI>> gateways) {
        byte[] stored = kept.get(STORED);
        if (stored != null) {
            for (String line : new String(stored, StandardCharsets.UTF_8).split("\n", MAX_HOSTS + 1)) {
                int equals = line.indexOf('=');
                if (equals > 0) {
                    List<String> texts = List.of(line.substring(equals + 1).split(",", -1));
                    put(line.substring(0, equals), addresses(texts), clock.nanos());
                }
            }
        }
        sources = new Sources(kept, directory, gateways);
    }

    @Override
    public List<InetAddress> lookup(String host) throws UnknownHostException {
        if (LITERAL.matcher(host).matches()) {
            return next.lookup(host);
        }
        Known found = known.get(host);
        if (found != null) {
            if (clock.nanos() - found.askAgainNanos >= 0) {
                refresh(host);
            }
            return found.addresses;
        }
        try {
            List<InetAddress> fresh = next.lookup(host);
            put(host, fresh, clock.nanos());
            return fresh;
        } finally {
            refresh(host);
        }
    }

    private void refresh(String host) {
        Sources from = sources;
        if (from != null && refreshing.compareAndSet(false, true)) {
            try {
                refresher.execute(() -> {
                    try {
                        refresh(host, from);
                    } finally {
                        refreshing.set(false);
                    }
                });
            } catch (RuntimeException e) {
                refreshing.set(false);
                from.kept.report("addresses: " + host + " is not asked for anew: " + e.getMessage());
            }
        }
    }

    private void refresh(String host, Sources from) {
        boolean fresh = false;
        byte[] answer = from.directory.get();
        if (answer != null) {
            fresh = take(answer, from).contains(host);
        }
        if (!fresh) {
            try {
                put(host, next.lookup(host), clock.nanos() + FRESH_NANOS);
            } catch (UnknownHostException e) {
                Known old = known.get(host);
                if (old != null) {
                    put(host, old.addresses, clock.nanos() + PAUSE_NANOS);
                }
            }
        }
        StringBuilder all = new StringBuilder();
        known.forEach((name, one) -> {
            all.append(name).append('=');
            for (int i = 0; i < one.addresses.size(); i++) {
                all.append(i == 0 ? "" : ",").append(one.addresses.get(i).getHostAddress());
            }
            all.append('\n');
        });
        from.kept.put(STORED, all.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The hosts that an answer of the directory told the addresses of. */
    private List<String> take(byte[] answer, Sources from) {
        List<String> told = new ArrayList<>();
        try {
            Map<String, Object> body = JsonCodec.object(answer);
            Object hosts = body.get("hosts");
            if (hosts instanceof Map) {
                ((Map<?, ?>) hosts).forEach((host, texts) -> {
                    List<InetAddress> list = addresses(texts);
                    if (!list.isEmpty()
                            && !LITERAL.matcher(String.valueOf(host)).matches()) {
                        put(String.valueOf(host), list, clock.nanos() + FRESH_NANOS);
                        told.add(String.valueOf(host));
                    }
                });
            }
            List<URI> gateways = new ArrayList<>();
            Object urls = body.get("gateways");
            if (urls instanceof List) {
                for (Object url : (List<?>) urls) {
                    if (gateways.size() < MAX_GATEWAYS) {
                        gateways.add(Gateways.uri(String.valueOf(url)));
                    }
                }
            }
            from.gateways.accept(gateways);
        } catch (IOException | IllegalArgumentException e) {
            from.kept.report("directory: an answer that is none, " + e.getMessage() + "; ignored");
        }
        return told;
    }

    private void put(String host, List<InetAddress> addresses, long askAgainNanos) {
        if (!addresses.isEmpty() && (known.size() < MAX_HOSTS || known.containsKey(host))) {
            known.put(host, new Known(Collections.unmodifiableList(new ArrayList<>(addresses)), askAgainNanos));
        }
    }

    private static List<InetAddress> addresses(@Nullable Object texts) {
        List<InetAddress> all = new ArrayList<>();
        if (texts instanceof List) {
            for (Object text : (List<?>) texts) {
                if (all.size() < MAX_ADDRESSES
                        && LITERAL.matcher(String.valueOf(text)).matches()) {
                    try {
                        all.add(InetAddress.getByName(String.valueOf(text)));
                    } catch (UnknownHostException e) {
                        // looked like an address and is none
                    }
                }
            }
        }
        return all;
    }
}
