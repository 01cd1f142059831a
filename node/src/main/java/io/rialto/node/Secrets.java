package io.rialto.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;

/** Secrets in files: read, made once, and compared in constant time. They never travel by command line or log. */
public final class Secrets {
    /** A token, a password or a PEM key. */
    static final int MAX_FILE_BYTES = 16 << 10;

    private static final int RANDOM_BYTES = 32;

    private Secrets() {}

    /**
     * The text of a secret file, without surrounding white space.
     *
     * @throws IOException where the file cannot be read, is empty, or is no secret by its size
     */
    public static String read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_FILE_BYTES) {
            throw new IOException(file + ": " + size + " bytes (expected: a secret of at most " + MAX_FILE_BYTES + ")");
        }
        String text = Files.readString(file, StandardCharsets.UTF_8).strip();
        if (text.isEmpty()) {
            throw new IOException(file + ": empty (expected: a secret)");
        }
        return text;
    }

    /** The secret in a file; where there is no such file, one of 32 random bytes is made, readable by its owner only. */
    public static String readOrCreate(Path file, SecureRandom random) throws IOException {
        if (!Files.exists(file)) {
            DurableFiles.createOnce(file, random(random).getBytes(StandardCharsets.UTF_8));
        }
        return read(file);
    }

    /** 32 random bytes in base64url. */
    public static String random(SecureRandom random) {
        byte[] bytes = new byte[RANDOM_BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Whether two secrets are the same, in a time that does not tell where they differ. */
    public static boolean same(String expected, String given) {
        return MessageDigest.isEqual(expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }
}
