package io.rialto.starter;

import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;

/** A caller key of tests, its file, and tokens under it. */
final class TestKeys {
    static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    static final CallerTokens TOKENS = new CallerTokens(Map.of("k1", KEY), "k1");

    private TestKeys() {}

    static Path file(Path directory) throws IOException {
        return Files.writeString(
                directory.resolve("caller-keys.json"),
                "[" + entry("k1", KEY, "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z") + "]");
    }

    static String entry(String id, byte[] key, String from, String until) {
        return "{\"id\":\"" + id + "\",\"key\":\"" + Base64.getEncoder().encodeToString(key) + "\",\"from\":\"" + from
                + "\",\"until\":\"" + until + "\"}";
    }

    static String token(String operation) {
        long now = System.currentTimeMillis();
        return TOKENS.mint(Caller.builder("edge", operation, now, now + 60_000)
                .app("wallet")
                .device("device-1")
                .user("100000000042")
                .shard(7)
                .epoch(3)
                .build());
    }
}
