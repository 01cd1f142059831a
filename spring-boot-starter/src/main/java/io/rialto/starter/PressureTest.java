package io.rialto.starter;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Reason;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Whether the call that is being served is of a pressure test. Such a call finds its data in shadow shards, in a schema of
 * the same name with {@code _shadow} behind it ({@link FencedTransactions} sees to that), and the calls that it makes are
 * of the pressure test too.
 *
 * <p>Known on the thread that serves the call. Work that is handed to another thread runs under {@link #carry}.
 */
public final class PressureTest {
    private static final ScopedValue<Caller> SERVED = ScopedValue.newInstance();

    private PressureTest() {}

    /** Whether it is. */
    public static boolean isOn() {
        return SERVED.isBound() && SERVED.get().isShadow();
    }

    /** The same work, knowing on any thread what this one knows. */
    public static Runnable carry(Runnable work) {
        if (!SERVED.isBound()) {
            return work;
        }
        ScopedValue.Carrier carried = ScopedValue.where(SERVED, SERVED.get());
        if (GlobalVersion.SEEN.isBound()) {
            carried = carried.where(GlobalVersion.SEEN, GlobalVersion.SEEN.get());
        }
        if (Written.CALL.isBound()) {
            carried = carried.where(Written.CALL, Written.CALL.get());
        }
        ScopedValue.Carrier all = carried;
        return () -> all.run(work);
    }

    static <T, X extends Throwable> T serving(Caller caller, ScopedValue.CallableOp<T, X> call) throws X {
        return ScopedValue.where(SERVED, caller).call(call);
    }

    static <T, X extends Throwable> T serving(
            Caller caller, AtomicLong globalVersion, ScopedValue.CallableOp<T, X> call) throws X {
        return ScopedValue.where(SERVED, caller)
                .where(GlobalVersion.SEEN, globalVersion)
                .call(call);
    }

    /** Refuses a shard of the other kind: a pressure test must not touch what is real, nor the other way round. */
    static boolean require(int shard) {
        boolean shadow = shard < GLOBAL_SHARD && shard != Caller.NO_SHARD;
        if (SERVED.isBound() && shadow != isOn()) {
            throw new OperationException(
                    Reason.NO_SHADOW,
                    "shard: " + shard + (shadow ? " in a call of real traffic" : " in a pressure test")
                            + " (expected: the shard of the call, or one of its kind)");
        }
        return shadow;
    }

    /** Shards below are shadows. */
    private static final int GLOBAL_SHARD = -1;
}
