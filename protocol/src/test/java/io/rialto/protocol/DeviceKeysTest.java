package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DeviceKeysTest {
    private static final byte[] MESSAGE = {1, 2, 3};

    private final SoftwareDeviceKey key = SoftwareDeviceKey.generate(new SecureRandom());

    @Test
    void verifies_what_the_key_signed_and_nothing_else() throws Exception {
        for (int i = 0; i < 100; i++) {
            byte[] signature = key.sign(MESSAGE);
            assertThat(signature).hasSize(64);
            assertThat(DeviceKeys.verify(key.point(), MESSAGE, signature)).isTrue();
            signature[i % 64] ^= 1;
            assertThat(DeviceKeys.verify(key.point(), MESSAGE, signature)).isFalse();
        }
        assertThat(DeviceKeys.verify(key.point(), new byte[] {1, 2}, key.sign(MESSAGE)))
                .isFalse();
    }

    @Test
    void takes_either_of_the_two_forms_of_a_signature() throws Exception {
        byte[] signature = key.sign(MESSAGE);
        BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, 32, 64));
        byte[] other = Bytes.concat(Arrays.copyOf(signature, 32), bytes32(DeviceKeys.N.subtract(s)));
        assertThat(DeviceKeys.verify(key.point(), MESSAGE, other)).isTrue();
    }

    @Test
    void refuses_signatures_with_parts_out_of_range() throws Exception {
        byte[] signature = key.sign(MESSAGE);
        BigInteger r = new BigInteger(1, Arrays.copyOf(signature, 32));
        BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, 32, 64));
        BigInteger zero = BigInteger.ZERO;
        BigInteger n = DeviceKeys.N;
        BigInteger max = BigInteger.ONE.shiftLeft(256).subtract(BigInteger.ONE);
        for (BigInteger[] pair :
                new BigInteger[][] {{zero, s}, {r, zero}, {zero, zero}, {n, s}, {r, n}, {max, s}, {r, max}}) {
            byte[] forged = Bytes.concat(bytes32(pair[0]), bytes32(pair[1]));
            assertThat(DeviceKeys.verify(key.point(), MESSAGE, forged)).isFalse();
        }
        assertThat(DeviceKeys.verify(key.point(), MESSAGE, Arrays.copyOf(signature, 63)))
                .isFalse();
        assertThat(DeviceKeys.verify(key.point(), MESSAGE, Arrays.copyOf(signature, 65)))
                .isFalse();
        assertThat(DeviceKeys.verify(key.point(), MESSAGE, new byte[0])).isFalse();
    }

    @Test
    void refuses_what_is_no_point_of_the_curve() throws Exception {
        byte[] point = key.point();
        byte[] signature = key.sign(MESSAGE);
        byte[] off = point.clone();
        off[64] ^= 1;
        byte[] compressed = Arrays.copyOf(point, 33);
        compressed[0] = 2;
        byte[] hybrid = point.clone();
        hybrid[0] = 6;
        byte[] tooLarge = point.clone();
        Arrays.fill(tooLarge, 1, 33, (byte) 0xff);
        byte[] zero = new byte[65];
        zero[0] = 4;
        for (byte[] bad : List.of(off, compressed, hybrid, tooLarge, zero, new byte[0], new byte[1], new byte[65])) {
            assertThat(DeviceKeys.isPoint(bad)).isFalse();
            assertThat(DeviceKeys.verify(bad, MESSAGE, signature)).isFalse();
            assertThatIllegalArgumentException().isThrownBy(() -> DeviceKeys.deviceId("wallet", bad));
        }
        assertThat(DeviceKeys.isPoint(point)).isTrue();
    }

    @Test
    void reads_the_one_der_form_of_a_signature_only() throws Exception {
        byte[] small = Bytes.concat(bytes32(BigInteger.ONE), bytes32(BigInteger.valueOf(0x80)));
        assertThat(EcdsaDer.encode(small)).isEqualTo(new byte[] {0x30, 7, 2, 1, 1, 2, 2, 0, (byte) 0x80});
        for (byte[] raw : List.of(small, key.sign(MESSAGE), key.sign(MESSAGE), key.sign(MESSAGE))) {
            byte[] der = EcdsaDer.encode(raw);
            assertThat(DeviceKeys.fromDer(der)).isEqualTo(raw);
            for (int i = 0; i < der.length; i++) {
                refusesDer(Arrays.copyOf(der, i));
            }
            refusesDer(Arrays.copyOf(der, der.length + 1));
            for (int i : new int[] {0, 1, 2, 3}) {
                byte[] changed = der.clone();
                changed[i] ^= 1;
                refusesDer(changed);
            }
        }
        refusesDer(new byte[] {0x30, 8, 2, 2, 0, 1, 2, 2, 0, (byte) 0x80}); // padded r
        refusesDer(new byte[] {0x30, 6, 2, 1, 1, 2, 1, (byte) 0x80}); // negative s
        refusesDer(new byte[] {0x30, 6, 2, 1, 0, 2, 1, 1}); // zero r
        refusesDer(new byte[] {0x30, (byte) 0x81, 6, 2, 1, 1, 2, 1, 1}); // long form of length
    }

    @Test
    void keeps_a_software_key_in_bytes() throws Exception {
        SoftwareDeviceKey again = SoftwareDeviceKey.of(key.encoded());
        assertThat(DeviceKeys.verify(key.point(), MESSAGE, again.sign(MESSAGE))).isTrue();
        byte[] mixed = Bytes.concat(
                Arrays.copyOf(key.encoded(), 32),
                SoftwareDeviceKey.generate(new SecureRandom()).point());
        assertThatIllegalArgumentException().isThrownBy(() -> SoftwareDeviceKey.of(mixed));
        assertThatIllegalArgumentException().isThrownBy(() -> SoftwareDeviceKey.of(new byte[97]));
        assertThatIllegalArgumentException().isThrownBy(() -> SoftwareDeviceKey.of(new byte[96]));
        assertThat(key.toString()).isEqualTo("SoftwareDeviceKey");
    }

    private static void refusesDer(byte[] der) {
        assertThatExceptionOfType(GeneralSecurityException.class).isThrownBy(() -> DeviceKeys.fromDer(der));
    }

    private static byte[] bytes32(BigInteger number) {
        byte[] bytes = number.toByteArray();
        byte[] all = new byte[32];
        int skip = Math.max(0, bytes.length - 32);
        System.arraycopy(bytes, skip, all, 32 - (bytes.length - skip), bytes.length - skip);
        return all;
    }
}
