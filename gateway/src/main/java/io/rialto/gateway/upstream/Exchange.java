package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Reason;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One call from start to outcome, and all policies that it is under:
 *
 * <ol>
 *   <li>bulkhead: at most {@code max-in-flight} calls of the service at one time;
 *   <li>choice of a backend: well, breaker closed, little to do;
 *   <li>time-out: of the call for all tries together, and of each try;
 *   <li>retry: where the backend cannot have seen the call, or the call is repeatable; on another backend if there is one;
 *       within the budget;
 *   <li>hedge: of a repeatable call that has had no answer for a while, a second try beside the first; within the budget.
 * </ol>
 *
 * <p>It is the entry of its own time-out on the loop's wheel, and runs to cancel the call. On its loop only.
 */
@SuppressWarnings("ReferenceEquality") // which attempt, not one like it
final class Exchange extends DeadlineWheel.Entry implements Attempt.Owner, Runnable {
    /** Before a try that goes to the same backend as the one before; with as much again at random. */
    private static final long PAUSE_NANOS = 10_000_000;

    private final LoopService local;
    private final BackendSettings settings;
    private final OutboundCall call;
    private final Consumer<Outcome> outcome;
    private long deadline;
    private @Nullable Attempt attempt;
    private @Nullable Attempt hedge;
    private @Nullable Alarm alarm;
    private @Nullable LoopBackend last;
    private int tries;
    private boolean dispatched;
    private boolean staleForgiven;
    private boolean done;

    Exchange(LoopService local, OutboundCall call, Consumer<Outcome> outcome) {
        this.local = local;
        this.call = call;
        this.outcome = outcome;
        settings = local.service().settings();
    }

    void start() {
        count(UpstreamMeters.Event.CALL);
        if (!local.service().enter()) {
            done = true;
            call.body().release();
            count(UpstreamMeters.Event.BUSY);
            outcome.accept(new Outcome.Failed(
                    Reason.BACKEND_BUSY,
                    settings.maxInFlight() + " calls of " + settings.service() + " are in flight (expected: fewer)",
                    false,
                    Duration.ofSeconds(1)));
            return;
        }
        long now = local.loop().nanoTime();
        deadline = now + call.timeoutNanos();
        local.budget().deposit(settings.retryBudgetPercent());
        next(now);
        if (settings.hedgeAfterMillis() > 0 && call.repeatable() && attempt != null) {
            wake(now, TimeUnit.MILLISECONDS.toNanos(settings.hedgeAfterMillis()));
        }
    }

    private void next(long now) {
        LoopBackend chosen = local.choose(last, now);
        if (chosen == null) {
            finish(local.refusal(now, dispatched));
            return;
        }
        local.loop().wheel().cancel(this);
        long tryUntil = now + TimeUnit.MILLISECONDS.toNanos(settings.tryMillis());
        local.loop().wheel().set(this, now, tryUntil - deadline < 0 ? tryUntil : deadline);
        Attempt begun = begin(chosen);
        attempt = begun;
        chosen.pool().send(begun);
    }

    private Attempt begin(LoopBackend chosen) {
        tries++;
        last = chosen;
        return chosen.begin(call, this);
    }

    @Override
    public void answered(Attempt ended, int status, HeaderList headers, ByteBuf body) {
        long now = local.loop().nanoTime();
        boolean well = status < 502 || status > 504;
        ended.backend().ended(ended, well, null, now);
        dispatched = true;
        drop(ended);
        if (!well && underWay()) {
            body.release();
        } else if (status == Reason.BACKEND_DOWN.httpStatus() && call.repeatable() && mayTryAgain(now)) {
            body.release();
            again(now);
        } else {
            finish(new Outcome.Answered(status, headers, body));
        }
    }

    @Override
    public void failed(Attempt ended, Reason reason, String message, boolean sent) {
        long now = local.loop().nanoTime();
        if (ended.stale() || !blames(reason)) {
            ended.backend().abandoned(ended);
        } else {
            ended.backend().ended(ended, false, reason, now);
        }
        drop(ended);
        failed(reason, message, sent, ended.stale(), now);
    }

    private void failed(Reason reason, String message, boolean sent, boolean stale, long now) {
        dispatched |= sent;
        if (underWay()) {
            return;
        }
        boolean harmless = !sent || call.repeatable();
        if (stale && harmless && !staleForgiven && now - deadline < 0) {
            // Not the backend's fault, and known at once: a fresh connection costs no budget, once.
            staleForgiven = true;
            tries--;
            last = null;
            count(UpstreamMeters.Event.RETRY);
            next(now);
        } else if (harmless && helpsToTryAgain(reason) && mayTryAgain(now)) {
            again(now);
        } else {
            finish(new Outcome.Failed(reason, message, dispatched, null));
        }
    }

    /** Whether a failure says something about the backend, rather than about the call or this node. */
    private static boolean blames(Reason reason) {
        return reason != Reason.BACKEND_BUSY && reason != Reason.ANSWER_TOO_LARGE && reason != Reason.INTERNAL;
    }

    private static boolean helpsToTryAgain(Reason reason) {
        return reason == Reason.BACKEND_DOWN || reason == Reason.BACKEND_CLOSED || reason == Reason.BACKEND_TIMEOUT;
    }

    private boolean mayTryAgain(long now) {
        if (tries >= settings.maxTries() || now - deadline >= 0) {
            return false;
        }
        boolean allowed = local.budget().withdraw(settings.retryBudgetPercent(), now);
        count(allowed ? UpstreamMeters.Event.RETRY : UpstreamMeters.Event.RETRY_REFUSED);
        return allowed;
    }

    private void again(long now) {
        LoopBackend chosen = local.choose(last, now);
        if (chosen != null && chosen == last) {
            // The only one there is: give it a moment.
            local.loop().wheel().cancel(this);
            local.loop().wheel().set(this, now, deadline);
            wake(now, PAUSE_NANOS * tries + local.loop().random().nextLong(PAUSE_NANOS));
        } else {
            next(now);
        }
    }

    private void wake(long now, long afterNanos) {
        if (alarm == null) {
            alarm = new Alarm(this);
        } else {
            local.loop().wheel().cancel(alarm);
        }
        local.loop().wheel().set(alarm, now, now + afterNanos);
    }

    private void woken(long now) {
        if (!underWay()) {
            next(now);
        } else if (hedge == null && attempt != null && tries < settings.maxTries()) {
            LoopBackend chosen = local.choose(last, now);
            if (chosen != null && chosen != last && local.budget().withdraw(settings.retryBudgetPercent(), now)) {
                count(UpstreamMeters.Event.HEDGE);
                Attempt begun = begin(chosen);
                hedge = begun;
                chosen.pool().send(begun);
            }
        }
    }

    @Override
    void expired(long now) {
        boolean sent = timeOut(attempt, now);
        sent |= timeOut(hedge, now);
        attempt = null;
        hedge = null;
        String message = "no answer from " + settings.service() + " in time (" + settings.tryMillis()
                + " ms for a try, " + TimeUnit.NANOSECONDS.toMillis(call.timeoutNanos()) + " ms for the call)";
        failed(Reason.BACKEND_TIMEOUT, message, sent, false, now);
    }

    /** Gives an attempt up as failed; returns whether it was sent. */
    private static boolean timeOut(@Nullable Attempt late, long now) {
        if (late == null) {
            return false;
        }
        boolean sent = late.sent();
        late.cancel();
        late.backend().ended(late, false, Reason.BACKEND_TIMEOUT, now);
        return sent;
    }

    /** Cancels the call; its outcome is not told. */
    @Override
    public void run() {
        if (!done) {
            end();
        }
    }

    private void finish(Outcome with) {
        end();
        count(with instanceof Outcome.Answered ? UpstreamMeters.Event.ANSWERED : UpstreamMeters.Event.FAILED);
        outcome.accept(with);
    }

    private void end() {
        done = true;
        local.loop().wheel().cancel(this);
        if (alarm != null) {
            local.loop().wheel().cancel(alarm);
        }
        abandon(attempt);
        abandon(hedge);
        attempt = null;
        hedge = null;
        call.body().release();
        local.service().leave();
    }

    private static void abandon(@Nullable Attempt given) {
        if (given != null) {
            given.cancel();
            given.backend().abandoned(given);
        }
    }

    private void drop(Attempt ended) {
        if (hedge == ended) {
            hedge = null;
        } else {
            attempt = null;
        }
    }

    private boolean underWay() {
        return attempt != null || hedge != null;
    }

    private void count(UpstreamMeters.Event event) {
        local.loop().meters().add(settings.service(), event);
    }

    /** Wakes an exchange for a hedge or for a try after a pause. */
    private static final class Alarm extends DeadlineWheel.Entry {
        private final Exchange exchange;

        Alarm(Exchange exchange) {
            this.exchange = exchange;
        }

        @Override
        void expired(long now) {
            exchange.woken(now);
        }
    }
}
