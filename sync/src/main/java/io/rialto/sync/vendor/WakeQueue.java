package io.rialto.sync.vendor;

import io.rialto.sync.InboxException;
import io.rialto.sync.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Devices of one cell that should be woken, kept beside its inbox: what one node noted, another one does. All of it
 * blocks; callers are virtual threads. Fails with {@link InboxException} where the keeper does not answer.
 */
public interface WakeQueue {
    /**
     * Looks through messages of a topic that were stored some time ago, on from where any node has looked before, and notes
     * the devices that have not acknowledged them; passes over a topic at which another node is. Answers whether there is
     * more to look through.
     */
    boolean noteLate(Topic topic, Duration grace);

    /**
     * Goes on to note devices that have not acknowledged messages to everyone; no faster than one page a second, from all
     * nodes together, and where another node is at it, not at all.
     */
    void noteEveryone(Topic topic, Duration grace);

    /**
     * Notes the devices that have not acknowledged urgent messages of these topics.
     *
     * @param after what was stored earlier, by the keeper's clock, is left to {@link #noteLate}; null for nothing yet
     * @return for the next look
     */
    Instant noteUrgent(Collection<Topic> topics, @Nullable Instant after);

    /**
     * Takes devices that are due. Nobody else takes them before they are settled, or the lease ends.
     *
     * @param topics for whose messages devices are woken
     */
    List<Away> take(Collection<Topic> topics, int limit, Duration lease);

    /** Notes what became of devices that were taken. */
    void settle(List<Settled> settled);

    /** Forgets devices that were woken long ago; how many of them, no more than a transaction's worth. */
    int forget(Duration age);

    /**
     * A device that is due.
     *
     * @param app empty where the device is not known any more, or has no token that is its own
     * @param tries how often it failed since a vendor took it last
     * @param woken when a vendor took it last, or null
     * @param now by the keeper's clock
     * @param asOf what was stored until then was looked at
     * @param missing the newest message of each topic that it should have and has not; an urgent one first
     */
    record Away(
            int shard,
            String user,
            String device,
            String app,
            String vendor,
            String token,
            String locale,
            String timeZone,
            int tries,
            @Nullable Instant woken,
            Instant now,
            Instant asOf,
            List<Missing> missing) {
        /** Without the token, which lets whoever has it wake the device. */
        @Override
        public String toString() {
            return device + " of " + user;
        }
    }

    /**
     * A message that a device has not got, and that came after its last wake-up; the last of those of its sequence.
     *
     * @param first of those that the device has not acknowledged
     * @param notice what the vendor shows of it, as JSON; null for nothing
     */
    record Missing(
            String topic,
            boolean everyone,
            long first,
            long last,
            boolean urgent,
            @Nullable Instant expires,
            @Nullable String notice) {}

    /**
     * What became of a device.
     *
     * @param woken whether its vendor has taken it
     * @param again when it is looked at again; null for when a message comes
     * @param failed whether a try has failed
     * @param told what is noted of its messages: the vendor, and why it refused; null where nothing was settled
     */
    record Settled(
            Away away,
            boolean woken,
            @Nullable Instant again,
            boolean failed,
            @Nullable String told) {
        /** The vendor was not asked, or has no time now. */
        static Settled later(Away away, @Nullable Instant again) {
            return new Settled(away, false, again, false, null);
        }
    }
}
