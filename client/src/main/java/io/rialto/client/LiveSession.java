package io.rialto.client;

import io.rialto.protocol.Opened;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SealKey;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A session that is open: its ticket, its keys, and the counter that no two calls share. It is never stored. */
final class LiveSession {
    /** Calls at once. An edge refuses counters more than 1,024 below the highest, and late ones must still fit. */
    static final int MAX_IN_FLIGHT = 256;

    /** A session is left this long before its end, or a tenth of its life if that is less. */
    private static final long MARGIN_MILLIS = TimeUnit.SECONDS.toMillis(30);

    private final String ticket;
    private final SealKey toServer;
    private final SealKey toClient;
    private final byte[] mac;
    private final long leaveMillis;
    private final int identity;
    private final AtomicLong counter = new AtomicLong();
    private final Semaphore slots = new Semaphore(MAX_IN_FLIGHT);

    /** @param identity the version of who calls that it was opened for */
    LiveSession(Opened opened, int identity) {
        this.ticket = opened.acceptance().ticket();
        this.toServer = Seal.key(opened.keys().toServer());
        this.toClient = Seal.key(opened.keys().toClient());
        this.mac = opened.keys().mac();
        long end = TimeUnit.SECONDS.toMillis(opened.acceptance().endsSeconds());
        long life = end - opened.acceptance().timeMillis();
        this.leaveMillis = end - Math.min(MARGIN_MILLIS, Math.max(0, life / 10));
        this.identity = identity;
    }

    boolean usable(long nowMillis, int currentIdentity) {
        return identity == currentIdentity && nowMillis < leaveMillis && counter.get() < Seal.MAX_COUNTER / 2;
    }

    /** A counter, never given before. */
    long nextCounter() {
        return counter.incrementAndGet();
    }

    /** Waits for one of the session's places for calls; false where none came free in time. */
    boolean enter(long nanos) throws InterruptedException {
        return slots.tryAcquire(nanos, TimeUnit.NANOSECONDS);
    }

    void leave() {
        slots.release();
    }

    String ticket() {
        return ticket;
    }

    SealKey toServer() {
        return toServer;
    }

    SealKey toClient() {
        return toClient;
    }

    byte[] mac() {
        return mac;
    }

    /** No key and no ticket is in it. */
    @Override
    public String toString() {
        return "LiveSession";
    }
}
