package io.rialto.sync;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which node of the cell holds the stream of a device. In the memory of every node; what it says may be old for a moment.
 * The newest stream of a device wins, by its number; numbers of one node never tie, those of two are told apart by their
 * names. Reads are free of locks.
 */
final class Directory {
    /** A stream, here or elsewhere. */
    sealed interface Holder permits OpenStream, Remote {
        String device();

        String user();

        String node();

        /** Rises with every stream that its node opens, above all that the node has heard of. */
        long number();

        default boolean newerThan(Holder other) {
            return number() != other.number() ? number() > other.number() : node().compareTo(other.node()) > 0;
        }
    }

    /** A stream on another node. */
    record Remote(String device, String user, String node, long number) implements Holder {}

    private final Map<String, Holder> devices = new ConcurrentHashMap<>();
    private final Map<String, List<Holder>> users = new ConcurrentHashMap<>();
    private final Map<String, OpenStream> local = new ConcurrentHashMap<>();
    private long lastNumber;

    /** A number for a stream that is opened now: above all that were heard of, whatever the clocks say. */
    synchronized long nextNumber(long nowMillis) {
        lastNumber = Math.max(lastNumber + 1, nowMillis);
        return lastNumber;
    }

    /**
     * Takes up a stream.
     *
     * @return the older one of the two where the device had one: the one that was known, or this; null where it had none
     */
    synchronized @Nullable Holder put(Holder holder) {
        lastNumber = Math.max(lastNumber, holder.number());
        Holder known = devices.get(holder.device());
        if (known != null && !holder.newerThan(known)) {
            return holder;
        }
        if (known != null) {
            remove(known);
        }
        devices.put(holder.device(), holder);
        users.merge(holder.user(), List.of(holder), Directory::join);
        if (holder instanceof OpenStream stream) {
            local.put(holder.device(), stream);
        }
        return known;
    }

    /** Forgets a stream; false where it was not known, or a newer one has its place. */
    synchronized boolean remove(Holder holder) {
        Holder known = devices.get(holder.device());
        if (known == null || known.number() != holder.number() || !known.node().equals(holder.node())) {
            return false;
        }
        devices.remove(holder.device());
        local.remove(holder.device());
        users.computeIfPresent(known.user(), (user, all) -> without(all, known));
        return true;
    }

    /** A node is gone, or tells all anew. */
    synchronized void removeAllOf(String node) {
        for (Holder holder : devices.values()) {
            if (holder.node().equals(node)) {
                remove(holder);
            }
        }
    }

    private static List<Holder> join(List<Holder> some, List<Holder> more) {
        Holder[] all = Arrays.copyOf(some.toArray(Holder[]::new), some.size() + more.size());
        for (int i = 0; i < more.size(); i++) {
            all[some.size() + i] = more.get(i);
        }
        return List.of(all);
    }

    private static @Nullable List<Holder> without(List<Holder> all, Holder gone) {
        List<Holder> rest = all.stream().filter(each -> !each.equals(gone)).toList();
        return rest.isEmpty() ? null : List.copyOf(rest);
    }

    /** The streams of a user's devices. */
    List<Holder> of(String user) {
        return users.getOrDefault(user, List.of());
    }

    /** The streams on this node; may be gone through while it changes. */
    Collection<OpenStream> local() {
        return local.values();
    }

    int size() {
        return devices.size();
    }
}
