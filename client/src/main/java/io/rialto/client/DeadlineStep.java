package io.rialto.client;

/** Ends a call whose time is over before it is sent. The steps below split what is left among themselves. */
final class DeadlineStep implements Interceptor {
    private final Clock clock;

    DeadlineStep(Clock clock) {
        this.clock = clock;
    }

    @Override
    public Answer intercept(Call call, Next next) {
        if (call.deadlineNanos() - clock.nanos() <= 0) {
            return Answer.failed(Failures.outOfTime("time ran out before the call was sent"));
        }
        return next.proceed(call);
    }
}
