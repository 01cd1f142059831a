package io.rialto.sync;

import java.util.concurrent.CompletableFuture;

/** Keeps messages whose time comes later. From any thread; does not block. */
public interface Schedule {
    /**
     * Keeps a message until its time, then publishes it. Fails as {@link Inbox#publish} does.
     *
     * @param notBeforeMillis the first time; 0 for the first that the repetition has
     * @param repeat five cron fields and a time zone; empty for once
     */
    CompletableFuture<Scheduled> add(Publication publication, long notBeforeMillis, String repeat);

    /** Forgets a message, so that it is not published any more; false where there is none. */
    CompletableFuture<Boolean> cancel(ScheduledId id);

    /**
     * A message that is kept for its time.
     *
     * @param repeated whether its key was known, so that this is the first one's id
     */
    record Scheduled(ScheduledId id, boolean repeated) {}
}
