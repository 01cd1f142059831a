package io.rialto.gateway.limit;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;

final class LeaseMessagesFuzzTest {
    @FuzzTest
    void what_is_read_is_bounded_and_never_throws(byte[] bytes) {
        List<LeaseMessages.Ask> asks = LeaseMessages.readAsks(bytes);
        if (asks != null) {
            assertThat(asks).hasSizeLessThanOrEqualTo(LeaseMessages.MAX_ENTRIES).allMatch(ask -> ask.tokens() > 0);
        }
        List<LeaseMessages.Grant> grants = LeaseMessages.readGrants(bytes);
        if (grants != null) {
            assertThat(LeaseMessages.grants(grants)).isEqualTo(bytes);
        }
    }
}
