package io.rialto.client;

import org.jspecify.annotations.Nullable;

/** The platform's clock, as far as it is known: the device's own and the difference. */
final class ServerTime {
    private final Clock clock;
    private volatile long offsetMillis;

    ServerTime(Clock clock) {
        this.clock = clock;
    }

    long millis() {
        return clock.millis() + offsetMillis;
    }

    long seconds() {
        return Math.floorDiv(millis(), 1000L);
    }

    void learn(long serverMillis) {
        offsetMillis = serverMillis - clock.millis();
    }

    /** Takes the seconds of a {@code rialto-time} header; false where it holds none. */
    boolean learnSeconds(@Nullable String header) {
        if (header == null) {
            return false;
        }
        try {
            learn(Math.multiplyExact(Long.parseLong(header), 1000L));
            return true;
        } catch (NumberFormatException | ArithmeticException e) {
            return false;
        }
    }
}
