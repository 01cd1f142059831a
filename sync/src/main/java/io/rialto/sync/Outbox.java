package io.rialto.sync;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What waits to be told to one other node. */
final class Outbox {
    /** Hints of one frame: some tens of kilobytes. */
    private static final int MAX_HINTS = 1_000;

    /** Users that wait to be woken there: one round trip of a busy node. More are left to their beats. */
    private static final int MAX_WAKES = 10_000;

    /** Openings and closings that wait there; a full list is shorter than more of them. */
    private static final int MAX_CHANGES = 100_000;

    /** A stream that opened or closed. */
    record Change(OpenStream stream, boolean opened) {}

    /**
     * What goes out at once.
     *
     * @param all whether a full list begins with it
     */
    record Frame(long sequence, boolean all, List<Change> changes, List<String> users, List<String> topics) {
        int hints() {
            return changes.size() + users.size() + topics.size();
        }
    }

    private final Collection<OpenStream> local;
    private final Deque<Change> changes = new ArrayDeque<>();
    private final Set<String> users = new LinkedHashSet<>();
    private final Set<String> topics = new LinkedHashSet<>();
    private boolean allWanted = true;
    private boolean due = true;
    private boolean underWay;
    private boolean resting;
    private long sequence;
    private long sentAt;

    /**
     * An outbox.
     *
     * @param local the streams of this node
     */
    Outbox(Collection<OpenStream> local) {
        this.local = local;
    }

    /** A full list that is still to be made will have it anyway. */
    synchronized void changed(OpenStream stream, boolean opened) {
        if (changes.size() >= MAX_CHANGES) {
            allWanted = true;
            changes.clear();
        }
        if (!allWanted) {
            changes.add(new Change(stream, opened));
        }
    }

    /** How many hints were not taken: 0 or 1. */
    synchronized int wake(String user) {
        if (users.size() >= MAX_WAKES) {
            return 1;
        }
        users.add(user);
        return 0;
    }

    synchronized void wakeAll(String topic) {
        topics.add(topic); // topics are few
    }

    /** Whether a frame should go even if it says nothing. After a failure none goes before. */
    synchronized boolean isDue(long now, long afterNanos) {
        due |= now - sentAt >= afterNanos;
        resting &= !due;
        return due;
    }

    synchronized void sentAt(long now) {
        sentAt = now;
    }

    /** The next frame; null where one is under way, or there is nothing to say. */
    synchronized @Nullable Frame next() {
        if (underWay || resting || !due && !allWanted && changes.isEmpty() && users.isEmpty() && topics.isEmpty()) {
            return null;
        }
        boolean all = allWanted;
        if (all) {
            allWanted = false;
            changes.clear();
            local.forEach(stream -> changes.add(new Change(stream, true)));
        }
        underWay = true;
        due = false;
        List<Change> some = take(changes);
        return new Frame(++sequence, all, some, take(users), take(topics));
    }

    private static <T> List<T> take(Collection<T> from) {
        List<T> some = new ArrayList<>();
        Iterator<T> all = from.iterator();
        while (all.hasNext() && some.size() < MAX_HINTS) {
            some.add(all.next());
            all.remove();
        }
        return some;
    }

    /** The frame has arrived; true where there is more to say. */
    synchronized boolean arrived(boolean wantsAll) {
        underWay = false;
        allWanted |= wantsAll;
        return allWanted || !changes.isEmpty() || !users.isEmpty() || !topics.isEmpty();
    }

    /** The frame may not have arrived: a full list will follow. How many more hints are lost with it. */
    synchronized int failed() {
        underWay = false;
        resting = true;
        allWanted = true;
        int lost = users.size() + topics.size();
        users.clear();
        topics.clear();
        changes.clear();
        return lost;
    }
}
