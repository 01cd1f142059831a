package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.Message;

final class DnsAnswersFuzzTest {
    private static final DnsAnswers ANSWERS = new DnsAnswers(table());

    private static RoutingTable table() {
        try {
            return RoutingTable.parse(
                    Fixture.JSON.readTree(
                            Fixture.TABLE.replace(
                                    "\"overrides\": []",
                                    "\"overrides\": [], \"zone\": \"example\", \"hosts\": [{\"host\": \"a\", \"addresses\": [\"192.0.2.1\"]}]")));
        } catch (TableException e) {
            throw new IllegalStateException(e);
        }
    }

    @FuzzTest
    void any_bytes_are_answered_as_a_question_or_malformed(byte[] bytes) throws IOException {
        try {
            DnsAnswers.Answer answer = ANSWERS.answer(bytes, Optional.empty(), Set.of());
            Message read = new Message(answer.message());
            assertThat(read.getHeader().getID()).isEqualTo((bytes[0] & 0xff) << 8 | bytes[1] & 0xff);
            assertThat(answer.message().length).isLessThan(4096);
        } catch (ProtocolException refused) {
            assertThat(refused.reason()).isEqualTo(Reason.MALFORMED_FRAME);
        }
    }
}
