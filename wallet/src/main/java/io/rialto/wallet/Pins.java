package io.rialto.wallet;

import java.security.SecureRandom;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;

/**
 * Hashes of PINs, by bcrypt. A PIN has few bits, so what protects it is the lock after failures; the hash only keeps a
 * stolen table from being read at once.
 */
final class Pins {
    private static final Pattern PIN = Pattern.compile("[0-9]{6,12}");

    /** Hashing burns a core for tens of milliseconds; half of them stay free for other calls. */
    private final Semaphore cores =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2), true);

    private final BCryptPasswordEncoder bcrypt;

    /** Compared with where there is no such user, so that the time of an answer does not tell. */
    private final String nobody;

    Pins(int cost, SecureRandom random) {
        bcrypt = new BCryptPasswordEncoder(cost, random);
        nobody = hashed("000000");
    }

    static String pin(String pin) {
        if (!PIN.matcher(pin).matches()) {
            throw Refusals.invalid("invalid_pin", "pin: not one (expected: 6 to 12 digits)");
        }
        return pin;
    }

    String hash(String pin) {
        return hashed(pin);
    }

    private String hashed(String pin) {
        cores.acquireUninterruptibly();
        try {
            String hash = bcrypt.encode(pin);
            if (hash == null) {
                throw new IllegalStateException("bcrypt gave no hash");
            }
            return hash;
        } finally {
            cores.release();
        }
    }

    boolean matches(String pin, String hash) {
        cores.acquireUninterruptibly();
        try {
            return bcrypt.matches(pin, hash);
        } finally {
            cores.release();
        }
    }

    /** Takes as long as {@link #matches} does for a user. */
    void matchNobody(String pin) {
        matches(pin, nobody);
    }
}
