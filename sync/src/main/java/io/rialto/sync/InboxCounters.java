package io.rialto.sync;

import io.rialto.node.Meters;
import io.rialto.protocol.Reason;
import java.time.Duration;

/** Counts on the meters of the process. Topics and webhooks are those of the configuration, so that labels are bounded. */
public final class InboxCounters implements InboxMeters {
    private static final double[] DELAYS = {0.005, 0.025, 0.1, 0.5, 1, 2, 5, 30, 300};

    private final Meters.Counters published;
    private final Meters.Counters refused;
    private final Meters.Histograms copied;
    private final Meters.Counters scheduled;
    private final Meters.Counters webhooks;

    public InboxCounters(Meters meters) {
        published = meters.counters(
                "rialto_inbox_published_total", "Messages stored in this cell.", "topic", "repeated_key");
        refused = meters.counters("rialto_inbox_refused_total", "Calls and users' parts not stored.", "reason");
        copied = meters.histograms(
                "rialto_inbox_copy_delay_seconds",
                "From a message to everyone being stored to its copy in this cell.",
                DELAYS,
                "topic");
        scheduled = meters.counters("rialto_inbox_scheduled_total", "Timed messages whose time came.", "topic");
        webhooks = meters.counters("rialto_webhook_calls_total", "Calls to webhooks.", "webhook", "result");
    }

    @Override
    public void published(String topic, boolean repeated) {
        published.of(topic, Boolean.toString(repeated)).increment();
    }

    @Override
    public void refused(Reason reason) {
        refused.of(reason.wireName()).increment();
    }

    @Override
    public void copied(String topic, Duration delay) {
        copied.of(topic).observeNanos(delay.toNanos());
    }

    @Override
    public void scheduled(String topic) {
        scheduled.of(topic).increment();
    }

    @Override
    public void webhook(String webhook, boolean delivered) {
        webhooks.of(webhook, delivered ? "told" : "failed").increment();
    }
}
