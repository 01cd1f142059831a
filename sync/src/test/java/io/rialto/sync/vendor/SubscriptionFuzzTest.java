package io.rialto.sync.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

/** Any token is a subscription at an https host with a key on the curve, or none. */
final class SubscriptionFuzzTest {
    @FuzzTest
    void reads_or_refuses(byte[] input) throws Exception {
        Subscription subscription = Subscription.parse(new String(input, StandardCharsets.UTF_8));
        if (subscription != null) {
            assertThat(subscription.endpoint().getScheme()).isEqualTo("https");
            assertThat(subscription.endpoint().getHost()).isNotEmpty();
            assertThat(P256.encode(P256.decode(subscription.point()))).isEqualTo(subscription.point());
            assertThat(subscription.auth()).hasSize(16);
        }
    }
}
