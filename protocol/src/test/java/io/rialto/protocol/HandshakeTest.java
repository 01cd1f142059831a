package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HandshakeTest {
    private final SecureRandom random = new SecureRandom();
    private final SoftwareDeviceKey device = SoftwareDeviceKey.generate(random);

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void gives_both_ends_the_same_keys(int suite) throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(suite, random);
        Offer offer = new Offer("credential", "session", null, "east/east-1/0a", 1_790_000_000_000L, new byte[16]);
        Handshake.Client client = Handshake.start(pair.key(), offer, device, random);

        Handshake.Server server =
                Handshake.open(client.message(), id -> id == pair.key().id() ? pair : null, random);

        assertThat(server.signedBy(device.point())).isTrue();
        assertThat(server.signedBy(SoftwareDeviceKey.generate(random).point())).isFalse();
        assertThat(server.offer().session()).isEqualTo("session");
        Acceptance acceptance = new Acceptance("ticket", 1, 2, "east/east-1/0a", "u1", List.of(pair.key()));
        Opened opened = client.finish(server.answer(acceptance));
        assertThat(opened.keys().encoded()).isEqualTo(server.keys().encoded());
        assertThat(opened.acceptance().ticket()).isEqualTo("ticket");
        assertThat(opened.acceptance().nextKeys()).containsExactly(pair.key());
    }
}
