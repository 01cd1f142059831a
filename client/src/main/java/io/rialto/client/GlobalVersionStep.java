package io.rialto.client;

import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Says with each call which version of the platform's global data this client has seen, so that what it wrote is there when
 * it reads, whatever copy it reads from. Copies catch up in moments, so nothing is kept over restarts.
 */
final class GlobalVersionStep implements Interceptor {
    /** More digits than versions have. */
    private static final int MAX_DIGITS = 18;

    private final AtomicLong seen = new AtomicLong();

    @Override
    public Answer intercept(Call call, Next next) {
        long version = seen.get();
        Answer answer =
                next.proceed(version == 0 ? call : call.withHeader(HeaderNames.GLOBAL_VERSION, Long.toString(version)));
        if (!answer.authentic() && call.protection() == Protection.SEALED) {
            return answer; // anybody on the way may have said it
        }
        CallException failure = answer.failure();
        if (failure != null && failure.reason().equals(Reason.COPY_BEHIND.wireName())) {
            // Not even the owner has it: it was the version of a platform that is no more.
            seen.compareAndSet(version, 0);
        } else {
            seen.accumulateAndGet(parsed(answer.header(HeaderNames.GLOBAL_VERSION)), Math::max);
        }
        return answer;
    }

    private static long parsed(@Nullable String text) {
        if (text == null || text.isEmpty() || text.length() > MAX_DIGITS) {
            return 0;
        }
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return 0;
            }
        }
        return Long.parseLong(text);
    }
}
