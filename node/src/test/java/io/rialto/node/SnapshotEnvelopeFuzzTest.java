package io.rialto.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.security.SecureRandom;
import java.util.List;

class SnapshotEnvelopeFuzzTest {
    private static final SnapshotSigner SIGNER = SnapshotSigner.generate(new SecureRandom());
    private static final SnapshotEnvelope ENVELOPE = SnapshotEnvelope.trusting(List.of(SIGNER.publicKey()));

    @FuzzTest
    void opens_only_what_was_signed_and_reads_any_content(FuzzedDataProvider data) {
        byte[] bytes = data.consumeRemainingAsBytes();
        try {
            ENVELOPE.open(bytes);
            throw new AssertionError("opened an envelope that nobody signed");
        } catch (SnapshotException e) {
            assertThat(e).hasMessageStartingWith("snapshot: ");
        }
        try {
            Snapshot snapshot = Snapshot.decoded(bytes);
            assertThat(Snapshot.decoded(snapshot.encoded())).isEqualTo(snapshot);
        } catch (SnapshotException e) {
            assertThat(e).hasMessageStartingWith("snapshot");
        }
    }
}
