package io.rialto.starter;

import static io.rialto.starter.TestKeys.KEY;
import static io.rialto.starter.TestKeys.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

final class CallerKeysTest {
    private static final byte[] NEXT =
            "fedcba9876543210fedcba9876543210".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private Instant now = Instant.parse("2026-06-01T00:00:00Z");
    private final InstantSource source = () -> now;
    private final Clock clock = source.withZone(ZoneOffset.UTC);

    @TempDir
    Path directory;

    private void write(Path file, String... entries) throws IOException {
        Files.writeString(file, "[" + String.join(",", entries) + "]");
        // File systems keep coarse times: each version of the file gets one of its own.
        Files.setLastModifiedTime(file, FileTime.from(now));
    }

    private Caller caller() {
        long millis = now.toEpochMilli();
        return Caller.builder("wallet", "a.B/C", millis, millis + 10_000).build();
    }

    private void advance(String time) {
        now = Instant.parse(time);
    }

    @Test
    void rotates_without_refusing_a_token_of_either_key() throws Exception {
        Path file = directory.resolve("keys");
        write(file, entry("k1", KEY, "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"));
        CallerKeys keys = new CallerKeys(file, clock, new JsonMapper());
        assertThat(keys.mint(caller())).startsWith("v1.k1.");

        advance("2026-06-02T00:00:00Z");
        write(
                file,
                entry("k1", KEY, "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"),
                entry("k2", NEXT, "2026-06-15T00:00:00Z", "2027-07-01T00:00:00Z"));
        assertThat(keys.mint(caller())).startsWith("v1.k1.");

        advance("2026-06-15T00:00:00Z");
        String token = keys.mint(caller());
        assertThat(token).startsWith("v1.k2.");
        assertThat(keys.verify(token, "a.B/C").issuer()).isEqualTo("wallet");

        advance("2026-07-01T00:00:01Z");
        String ended = new io.rialto.protocol.CallerTokens(java.util.Map.of("k1", KEY), "k1").mint(caller());
        assertThatThrownBy(() -> keys.verify(ended, "a.B/C"))
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_TOKEN));
    }

    @Test
    void keeps_its_keys_when_the_file_breaks() throws Exception {
        Path file = directory.resolve("keys");
        write(file, entry("k1", KEY, "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"));
        CallerKeys keys = new CallerKeys(file, clock, new JsonMapper());
        advance("2026-06-03T00:00:00Z");
        Files.writeString(file, "[{");
        assertThat(keys.mint(caller())).startsWith("v1.k1.");
    }

    @Test
    void refuses_a_weak_key_at_the_start() throws Exception {
        Path file = directory.resolve("keys");
        write(file, entry("k1", new byte[16], "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"));
        assertThatThrownBy(() -> new CallerKeys(file, clock, new JsonMapper()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("key k1: 16 bytes (expected: at least 32)");
    }
}
