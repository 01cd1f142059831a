package io.rialto.gateway.identity;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How much of a memory each owner has taken of late, by a hash of its name: two owners that share a count share its limit.
 * From half full on an owner may have only a small part, so that none can fill the memory for all. Safe for all threads.
 */
final class OwnerShares {
    /** As long as a nonce is kept; counted are this period and the one before. */
    private static final long PERIOD_SECONDS = 240;

    /** One owner's part of the capacity, once more than half of it is taken. */
    private static final int SHARES = 500;

    private static final int COUNTS = 1 << 16;

    private record Period(long number, AtomicInteger all, AtomicIntegerArray byOwner) {
        static Period of(long number) {
            return new Period(number, new AtomicInteger(), new AtomicIntegerArray(COUNTS));
        }
    }

    private final int capacity;
    private volatile Period[] periods = {Period.of(-1), Period.of(0)};

    OwnerShares(int capacity) {
        this.capacity = capacity;
    }

    /** Whether an owner may take one more. */
    boolean allows(String owner, long nowSeconds) {
        Period[] both = periods(nowSeconds);
        if (both[0].all.get() + both[1].all.get() < capacity / 2) {
            return true;
        }
        int slot = slot(owner);
        return both[0].byOwner.get(slot) + both[1].byOwner.get(slot) < Math.max(1, capacity / SHARES);
    }

    void count(String owner, long nowSeconds) {
        Period now = periods(nowSeconds)[1];
        now.all.incrementAndGet();
        now.byOwner.incrementAndGet(slot(owner));
    }

    private Period[] periods(long nowSeconds) {
        long number = nowSeconds / PERIOD_SECONDS;
        Period[] both = periods;
        return both[1].number == number ? both : next(number);
    }

    private synchronized Period[] next(long number) {
        Period last = periods[1];
        if (last.number != number) {
            boolean follows = last.number == number - 1;
            periods = new Period[] {follows ? last : Period.of(number - 1), Period.of(number)};
        }
        return periods;
    }

    private static int slot(String owner) {
        return (owner.hashCode() * 0x9e3779b9) >>> 16;
    }
}
