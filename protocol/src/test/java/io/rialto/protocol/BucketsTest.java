package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class BucketsTest {
    @Test
    void hashes_like_the_reference() {
        // MurmurHash3_x86_32, seed 0: published test values
        assertThat(Buckets.murmur3("")).isZero();
        assertThat(Buckets.murmur3("test")).isEqualTo(0xba6bd213);
        assertThat(Buckets.murmur3("Hello, world!")).isEqualTo(0xc0363e43);
        assertThat(Buckets.murmur3("The quick brown fox jumps over the lazy dog"))
                .isEqualTo(0x2e4ff723);
    }
}
