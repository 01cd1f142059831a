package io.rialto.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
    private static final Instant ISSUED = Instant.parse("2030-01-01T00:00:00.123Z");

    private final SecureRandom random = new SecureRandom();
    private final SnapshotSigner signer = SnapshotSigner.generate(random);

    static Snapshot snapshot(long version) {
        return new Snapshot(
                version,
                ISSUED,
                Map.of(
                        "table",
                        Json.mapper().createObjectNode().put("shards", 100),
                        "gateway",
                        Json.mapper().createObjectNode()));
    }

    @Test
    void opens_what_a_trusted_key_signed() throws SnapshotException {
        SnapshotSigner other = SnapshotSigner.generate(random);
        SnapshotEnvelope both = SnapshotEnvelope.trusting(List.of(other.publicKey(), signer.publicKey()));
        assertThat(both.open(signer.sign(snapshot(7)))).isEqualTo(snapshot(7));
        assertThat(both.open(other.sign(snapshot(8)))).isEqualTo(snapshot(8));
    }

    @Test
    void refuses_what_another_key_signed_or_any_changed_byte() {
        SnapshotEnvelope envelope = SnapshotEnvelope.trusting(List.of(signer.publicKey()));
        byte[] foreign = SnapshotSigner.generate(random).sign(snapshot(7));
        assertThatThrownBy(() -> envelope.open(foreign)).hasMessageContaining("signed by none of the 1 trusted keys");
        byte[] good = signer.sign(snapshot(7));
        for (int i = 0; i < good.length; i++) {
            byte[] changed = good.clone();
            changed[i] ^= 1;
            assertThatThrownBy(() -> envelope.open(changed)).isInstanceOf(SnapshotException.class);
        }
        assertThatThrownBy(() -> envelope.open(new byte[0])).isInstanceOf(SnapshotException.class);
    }

    @Test
    void encodes_the_same_snapshot_to_the_same_bytes() {
        assertThat(new String(snapshot(7).encoded(), StandardCharsets.UTF_8))
                .isEqualTo("{\"version\":7,\"issued\":\"2030-01-01T00:00:00.123Z\","
                        + "\"sections\":{\"gateway\":{},\"table\":{\"shards\":100}}}");
    }

    @Test
    void keeps_the_signing_key_in_a_file_for_its_owner_only(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("keys/snapshot.key");
        SnapshotSigner made = SnapshotSigner.readOrCreate(file, random);
        SnapshotSigner read = SnapshotSigner.readOrCreate(file, random);
        assertThat(read.publicKey()).isEqualTo(made.publicKey());
        assertThat(SnapshotEnvelope.trusting(List.of(made.publicKey())).open(read.sign(snapshot(1))))
                .isEqualTo(snapshot(1));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        Files.writeString(file, "nonsense\nmore\n");
        assertThatThrownBy(() -> SnapshotSigner.readOrCreate(file, random))
                .hasMessageContaining("no signing key")
                .hasMessageNotContaining("nonsense");
    }

    @Test
    void refuses_trusted_keys_that_are_none() {
        assertThatThrownBy(() -> SnapshotEnvelope.trusting(List.of())).hasMessageContaining("at least one");
        assertThatThrownBy(() -> SnapshotEnvelope.trusting(List.of("AAAA"))).hasMessageContaining("AAAA");
    }
}
