package io.rialto.protocol;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;

/** Messages of any bytes, and payloads of any bytes sealed as a client seals them: opened or refused, nothing else. */
final class HandshakeFuzzTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final ServerKeyPair PAIR = ServerKeyPair.generate(1, RANDOM);
    private static final SoftwareDeviceKey DEVICE = SoftwareDeviceKey.generate(RANDOM);
    private static final Handshake.Client CLIENT = client();

    @FuzzTest
    void opens_or_refuses(byte[] data) throws InvalidCipherTextException {
        open(data);
        open(sealed(data));
        try {
            Acceptance.decode(data);
        } catch (ProtocolException e) {
            expectReason(e);
        }
        try {
            CLIENT.finish(data);
            throw new AssertionError("accepted an answer that no server made");
        } catch (ProtocolException e) {
            expectReason(e);
        }
    }

    private static void open(byte[] message) {
        try {
            Handshake.Server server = Handshake.open(message, id -> PAIR, RANDOM);
            if (server.signedBy(DEVICE.point())) {
                throw new AssertionError("accepted a signature that no device made");
            }
        } catch (ProtocolException e) {
            expectReason(e);
        }
    }

    private static byte[] sealed(byte[] payload) throws InvalidCipherTextException {
        HPKEContextWithEncapsulation context =
                Suite.X25519.seal(PAIR.key().publicKey(), Bytes.ascii("rialto handshake 1"), RANDOM);
        byte[] header = Bytes.concat(
                new byte[] {1, 1}, Bytes.ofInt(PAIR.key().id()), new byte[] {0, 32}, context.getEncapsulation());
        byte[] box = context.seal(header, Arrays.copyOf(payload, Math.min(payload.length, 16_000)));
        return Bytes.concat(header, new byte[] {(byte) (box.length >> 8), (byte) box.length}, box);
    }

    private static void expectReason(ProtocolException e) {
        if (e.reason() != Reason.MALFORMED_FRAME
                && e.reason() != Reason.TAMPERED_BODY
                && e.reason() != Reason.UNKNOWN_SERVER_KEY) {
            throw new AssertionError(e);
        }
    }

    private static Handshake.Client client() {
        try {
            Offer offer = new Offer("c", null, null, "e", 1, new byte[16]);
            return Handshake.start(PAIR.key(), offer, DEVICE, RANDOM);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
