package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Meters;
import io.rialto.protocol.Reason;
import org.junit.jupiter.api.Test;

final class CallMetersTest {
    private final Meters all = new Meters();
    private final CallMeters meters = new CallMeters(all);

    @Test
    void counts_calls_by_operation_and_class_of_status() {
        meters.answered("wallet.Info/Get", 200, 2_000_000);
        meters.answered("wallet.Info/Get", 204, 30_000_000);
        meters.answered("wallet.Info/Get", 503, 1);
        meters.answered("unknown", 404, 1);
        assertThat(all.text())
                .contains("rialto_calls_total{operation=\"wallet.Info/Get\",status=\"2xx\"} 2")
                .contains("rialto_calls_total{operation=\"wallet.Info/Get\",status=\"5xx\"} 1")
                .contains("rialto_calls_total{operation=\"unknown\",status=\"4xx\"} 1")
                .contains("rialto_call_seconds_bucket{operation=\"wallet.Info/Get\",le=\"0.0025\"} 2")
                .contains("rialto_call_seconds_count{operation=\"wallet.Info/Get\"} 3");
    }

    @Test
    void every_reason_has_a_counter_from_the_start() {
        assertThat(all.text()).contains("rialto_refusals_total{reason=\"replayed_call\"} 0");
        for (Reason reason : Reason.values()) {
            meters.refused(reason);
            assertThat(all.text()).contains("rialto_refusals_total{reason=\"" + reason.wireName() + "\"} 1");
        }
    }

    @Test
    void a_status_that_none_has_breaks_nothing() {
        meters.answered("a.B/C", 0, 0);
        meters.answered("a.B/C", 999, 0);
        assertThat(all.text())
                .contains("rialto_calls_total{operation=\"a.B/C\",status=\"0xx\"} 1")
                .contains("rialto_calls_total{operation=\"a.B/C\",status=\"5xx\"} 1");
    }
}
