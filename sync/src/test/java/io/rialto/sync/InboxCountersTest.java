package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Meters;
import io.rialto.protocol.Reason;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class InboxCountersTest {
    @Test
    void counts_each_by_its_labels() {
        Meters meters = new Meters();
        InboxMeters counters = new InboxCounters(meters);
        counters.published("payments", false);
        counters.published("payments", true);
        counters.refused(Reason.WRONG_APP);
        counters.copied("news", Duration.ofMillis(1_500));
        counters.scheduled("news");
        counters.webhook("crm", true);
        counters.webhook("crm", false);
        assertThat(meters.text())
                .contains(
                        "rialto_inbox_published_total{repeated_key=\"false\",topic=\"payments\"} 1",
                        "rialto_inbox_published_total{repeated_key=\"true\",topic=\"payments\"} 1",
                        "rialto_inbox_refused_total{reason=\"wrong_app\"} 1",
                        "rialto_inbox_copy_delay_seconds_sum{topic=\"news\"} 1.5",
                        "rialto_inbox_scheduled_total{topic=\"news\"} 1",
                        "rialto_webhook_calls_total{result=\"told\",webhook=\"crm\"} 1",
                        "rialto_webhook_calls_total{result=\"failed\",webhook=\"crm\"} 1");
    }
}
