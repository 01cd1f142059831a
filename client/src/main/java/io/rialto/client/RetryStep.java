package io.rialto.client;

import io.rialto.protocol.Code;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Tries again what failed in passing, where that is safe: nothing was dispatched, or the call may be repeated. Waits
 * longer each time, never past the deadline, and never makes more than a fifth of all sent calls tries.
 */
final class RetryStep implements Interceptor {
    static final int MAX_TRIES = 4;

    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long MAX_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** Tokens in hundredths: each call earns 20, each further try costs 100, so that tries are a fifth of calls. */
    private static final int EARNED = 20;

    private static final int COST = 100;
    private static final int MAX_TOKENS = 10 * COST;

    private final Clock clock;
    private final Random random;
    private final long tryNanos;
    private int tokens = MAX_TOKENS;

    /** @param tryNanos the longest that one try of a repeatable call takes */
    RetryStep(Clock clock, Random random, long tryNanos) {
        this.clock = clock;
        this.random = random;
        this.tryNanos = tryNanos;
    }

    @Override
    public Answer intercept(Call call, Next next) {
        earn();
        for (int tries = 1; ; tries++) {
            Answer answer = next.proceed(limited(call));
            CallException failure = answer.failure();
            if (failure == null || tries == MAX_TRIES || !safe(call, failure)) {
                return answer;
            }
            long pause = Math.max(pauseNanos(tries), TimeUnit.MILLISECONDS.toNanos(failure.retryAfterMillis()));
            if (call.deadlineNanos() - clock.nanos() <= pause || !spend()) {
                return answer;
            }
            try {
                clock.sleep(pause);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return answer;
            }
        }
    }

    /** A call that cannot be repeated has one try that counts, with all the time there is. */
    private Call limited(Call call) {
        long end = clock.nanos() + tryNanos;
        return call.repeatable() && end - call.deadlineNanos() < 0 ? call.withDeadline(end) : call;
    }

    private static boolean safe(Call call, CallException failure) {
        return failure.passing()
                && failure.code() != Code.CANCELED
                && (failure.dispatched() == Dispatched.NO || call.repeatable());
    }

    private long pauseNanos(int tries) {
        long ceiling = Math.min(MAX_PAUSE_NANOS, FIRST_PAUSE_NANOS << tries);
        long half = ceiling / 2;
        return half + (long) (random.nextDouble() * half);
    }

    private synchronized void earn() {
        tokens = Math.min(MAX_TOKENS, tokens + EARNED);
    }

    private synchronized boolean spend() {
        if (tokens < COST) {
            return false;
        }
        tokens -= COST;
        return true;
    }
}
