package io.rialto.gateway.identity;

import io.rialto.protocol.MacKey;
import io.rialto.protocol.MacSigner;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SealKey;
import org.jspecify.annotations.Nullable;

/** A session in use: its keys, ready for the ciphers, and the counters that were seen. Safe for all threads. */
public final class SealedSession {
    private final Tokens.Ticket ticket;
    private final SealKey toServer;
    private final SealKey toClient;

    /** From the first signed call on; two loops may make it at once, which does no harm as it never changes. */
    private @Nullable MacKey mac;

    private final Identity identity;
    private final ReplayWindow window = new ReplayWindow();
    private long lastTimeSeconds;
    private volatile boolean forgotten;
    private volatile boolean remembered;

    SealedSession(Tokens.Ticket ticket) {
        this.ticket = ticket;
        this.toServer = Seal.key(ticket.keys().toServer());
        this.toClient = Seal.key(ticket.keys().toClient());
        // Sessions share the text of the few apps, which each call looks up: it stays near the processor.
        this.identity = Identity.device(
                ticket.app().intern(), ticket.device(), ticket.user().isEmpty() ? null : ticket.user());
    }

    public Tokens.Ticket ticket() {
        return ticket;
    }

    public Identity identity() {
        return identity;
    }

    public SealKey toServer() {
        return toServer;
    }

    public SealKey toClient() {
        return toClient;
    }

    /** The key of calls that are signed under the ticket. */
    public MacKey mac() {
        MacKey made = mac;
        if (made == null) {
            made = MacSigner.key(ticket.keys().mac());
            mac = made;
        }
        return made;
    }

    /** Whether it is the one that all calls of its ticket take from, or was until it was forgotten: then it gives nothing. */
    boolean isRemembered() {
        return remembered;
    }

    void remembered() {
        remembered = true;
    }

    public boolean refuses(long counter) {
        return window.refuses(counter);
    }

    /** Takes a counter of a call made at a time; null where the session was forgotten meanwhile. */
    synchronized @Nullable Boolean take(long counter, long timeSeconds) {
        if (forgotten) {
            return null;
        }
        lastTimeSeconds = Math.max(lastTimeSeconds, timeSeconds);
        return window.take(counter);
    }

    boolean isForgotten() {
        return forgotten;
    }

    /** Forgets the session if its last call was made before a time; nothing can be taken from it then. */
    synchronized boolean forget(long beforeSeconds) {
        forgotten = lastTimeSeconds != 0 && lastTimeSeconds < beforeSeconds;
        return forgotten;
    }
}
