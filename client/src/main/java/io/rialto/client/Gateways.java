package io.rialto.client;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Where calls go: the gateway of the user's cell once it is known, else the boot addresses in their order. */
final class Gateways {
    /** How long a gateway that failed is passed over, while another one is left. */
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final String STORED = "cell";

    private final List<URI> boot;
    private final boolean plainAllowed;
    private final Kept kept;
    private final Clock clock;
    private final Map<URI, Long> failedAt = new ConcurrentHashMap<>();
    private volatile @Nullable CellHint cell;
    private volatile List<URI> others = List.of();

    Gateways(List<URI> boot, Kept kept, Clock clock) {
        this.boot = List.copyOf(boot);
        this.plainAllowed = boot.stream().anyMatch(uri -> uri.getScheme().equals("http"));
        this.kept = kept;
        this.clock = clock;
        byte[] stored = kept.get(STORED);
        CellHint hint = stored == null ? null : CellHint.parse(new String(stored, StandardCharsets.UTF_8));
        this.cell = hint != null && usable(hint) ? hint : null;
    }

    /**
     * A gateway's address: {@code http} or {@code https}, host, port, and nothing more.
     *
     * @throws IllegalArgumentException where the text is no such address
     */
    static URI uri(String text) {
        URI uri = URI.create(text);
        boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
        String path = uri.getRawPath();
        if (!web
                || uri.getHost() == null
                || uri.getRawUserInfo() != null
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null
                || !(path.isEmpty() || path.equals("/"))) {
            throw new IllegalArgumentException("gateway: " + text + " (expected: https://host:port)");
        }
        return URI.create(uri.getScheme() + "://" + uri.getRawAuthority());
    }

    /** The gateway to call now. */
    URI choose() {
        List<URI> all = all();
        long now = clock.nanos();
        URI leastRecent = all.get(0);
        long longest = Long.MIN_VALUE;
        for (URI uri : all) {
            Long failed = failedAt.get(uri);
            if (failed == null || now - failed >= PAUSE_NANOS) {
                return uri;
            }
            if (now - failed > longest) {
                longest = now - failed;
                leastRecent = uri;
            }
        }
        return leastRecent;
    }

    /** The cell of a gateway that a hint has named; null where it is known by its address alone. */
    @Nullable
    String cellOf(URI gateway) {
        CellHint hint = cell;
        return hint != null && hint.gateway().equals(gateway) ? hint.cell() : null;
    }

    private List<URI> all() {
        CellHint hint = cell;
        List<URI> all = new ArrayList<>(boot.size() + 1);
        if (hint != null) {
            all.add(hint.gateway());
        }
        all.addAll(boot);
        for (URI other : others) {
            if (!all.contains(other)) {
                all.add(other);
            }
        }
        return all;
    }

    /** All that can be called now, the best first. */
    List<URI> known() {
        return all();
    }

    /** The user's shard as a hint has named it; -1 where none has. */
    int shard() {
        CellHint hint = cell;
        return hint == null ? -1 : hint.shard();
    }

    /** Takes further gateways, to be called when all others fail; where a call is served, its answer says. */
    void alsoKnown(List<URI> gateways) {
        List<URI> usable = new ArrayList<>();
        for (URI gateway : gateways) {
            if (plainAllowed || gateway.getScheme().equals("https")) {
                usable.add(gateway);
            }
        }
        others = usable;
    }

    void failed(URI gateway) {
        // only those that can be chosen are kept, so the map stays as small as the list
        failedAt.keySet().retainAll(all());
        failedAt.put(gateway, clock.nanos());
    }

    void worked(URI gateway) {
        failedAt.remove(gateway);
    }

    void networkChanged() {
        failedAt.clear();
    }

    /** Takes a hint, unless a newer one is known. */
    void learn(String text) {
        CellHint known = cell;
        if (known != null && known.toString().equals(text)) {
            return;
        }
        CellHint hint = CellHint.parse(text);
        if (hint == null || !usable(hint)) {
            kept.report("rialto-cell: " + text + " (expected: cell;shard=N;epoch=N;at=https://host:port); ignored");
            return;
        }
        synchronized (this) {
            CellHint current = cell;
            if (current != null && hint.olderThan(current)) {
                return;
            }
            cell = hint;
        }
        kept.put(STORED, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Another user has another cell. */
    void forgetCell() {
        synchronized (this) {
            cell = null;
        }
        kept.remove(STORED);
    }

    // A hint must not take a client that was built for TLS off it.
    private boolean usable(CellHint hint) {
        return plainAllowed || hint.gateway().getScheme().equals("https");
    }
}
