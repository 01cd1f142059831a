package io.rialto.sync;

import java.util.List;
import java.util.Optional;

/**
 * What is told about messages; tells, and decides nothing. All of it blocks; callers are virtual threads. Fails with
 * {@link InboxException} where the keeper does not answer.
 */
public interface Traces {
    /** Notes steps; the first time of a step counts. Those of shards that are not open here are passed over. */
    void note(List<StepNote> notes);

    /**
     * Where a message has been, or empty where it is not kept.
     *
     * @param user whose devices are looked at; for a message to everyone only
     */
    Optional<Trace> trace(MessageId message, String user);

    /** The newest messages of a user, newest first. */
    List<Trace> traceUser(String user, int limit);
}
