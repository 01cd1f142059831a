package io.rialto.sync;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes of the cell hold streams of a device. In the memory of every node; what it says may be old for a moment.
 * The newest stream of a device wins, by its number; numbers of one node never tie, those of two are told apart by their
 * names. An older one elsewhere stays in here until its node, which hears the same, has ended it. Reads are free of locks.
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

    private final Map<String, List<Holder>> devices = new ConcurrentHashMap<>();
    private final Map<String, List<Holder>> users = new ConcurrentHashMap<>();
    private final Map<String, OpenStream> local = new ConcurrentHashMap<>();
    private long lastNumber;

    /** A number for a stream that is opened now: above all that were heard of, whatever the clocks say. */
    synchronized long nextNumber(long nowMillis) {
        lastNumber = Math.max(lastNumber + 1, nowMillis);
        return lastNumber;
    }

    /** Takes up a stream; answers those of this node that must end since their device has a newer one. */
    synchronized List<OpenStream> put(Holder holder) {
        lastNumber = Math.max(lastNumber, holder.number());
        List<OpenStream> older = new ArrayList<>();
        Holder known = find(holder.device(), holder.node());
        if (known != null && !holder.newerThan(known)) {
            return older; // said again
        }
        if (known != null) {
            drop(known);
            note(known, older);
        }
        devices.merge(holder.device(), List.of(holder), Directory::join);
        users.merge(holder.user(), List.of(holder), Directory::join);
        if (holder instanceof OpenStream stream) {
            local.put(holder.device(), stream);
        }
        OpenStream here = local.get(holder.device());
        if (here != null
                && devices.getOrDefault(holder.device(), List.of()).stream().anyMatch(each -> each.newerThan(here))) {
            older.add(here);
        }
        return older;
    }

    private static void note(Holder holder, List<OpenStream> older) {
        if (holder instanceof OpenStream stream) {
            older.add(stream);
        }
    }

    private @Nullable Holder find(String device, String node) {
        for (Holder each : devices.getOrDefault(device, List.of())) {
            if (each.node().equals(node)) {
                return each;
            }
        }
        return null;
    }

    /** Forgets a stream, unless its node has a newer one of the device. */
    synchronized void remove(Holder holder) {
        Holder known = find(holder.device(), holder.node());
        if (known != null && known.number() == holder.number()) {
            drop(known);
        }
    }

    private void drop(Holder known) {
        devices.computeIfPresent(known.device(), (device, all) -> without(all, known));
        users.computeIfPresent(known.user(), (user, all) -> without(all, known));
        if (known instanceof OpenStream stream) {
            local.remove(known.device(), stream);
        }
    }

    /** A node is gone, or tells all anew. */
    synchronized void removeAllOf(String node) {
        for (List<Holder> all : devices.values()) {
            for (Holder holder : all) {
                if (holder.node().equals(node)) {
                    drop(holder);
                }
            }
        }
    }

    private static List<Holder> join(List<Holder> some, List<Holder> more) {
        List<Holder> all = new ArrayList<>(some);
        all.addAll(more);
        return List.copyOf(all);
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
}
