package io.rialto.gateway.identity;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.text.ParseException;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Key sets of identity providers. A set is kept for ten minutes, and for as long as its provider cannot be reached; a key
 * id that it lacks fetches it again, but not within ten seconds of the last try, so that made-up ids cannot be turned
 * into a flood. Blocks on fetching; safe for all threads.
 */
public final class JwkSets {
    static final long FRESH_SECONDS = 600;
    static final long RETRY_SECONDS = 10;

    /** Calls that wait for one provider: a slow one must not hold the places of all other work off the loops. */
    static final int MAX_WAITING = 64;

    private static final System.Logger LOG = System.getLogger(JwkSets.class.getName());

    /** Gets the text at a URL; blocks. */
    @FunctionalInterface
    public interface Fetcher {
        String fetch(URI url) throws IOException, InterruptedException;
    }

    private final ConcurrentHashMap<URI, Entry> entries = new ConcurrentHashMap<>();
    private final Fetcher fetcher;

    public JwkSets(Fetcher fetcher) {
        this.fetcher = fetcher;
    }

    /** @param keyId null only where the set holds a single key */
    JWK find(URI url, @Nullable String keyId, Instant now) throws ProtocolException {
        // Only URLs of the configuration come here, so the map is as bounded as that is.
        Entry entry = entries.computeIfAbsent(url, absent -> new Entry());
        JWK key = choose(entry.current(), keyId);
        if (key == null) {
            entry.refreshOrWait(url, now);
            key = choose(entry.current(), keyId);
        } else if (now.getEpochSecond() - entry.fetchedSeconds >= FRESH_SECONDS && entry.refreshIfFree(url, now)) {
            key = choose(entry.current(), keyId);
        }
        if (key == null) {
            throw new ProtocolException(
                    Reason.WRONG_TOKEN, "JWT: key id " + keyId + " (expected: one in the provider's key set)");
        }
        return key;
    }

    private static @Nullable JWK choose(JWKSet set, @Nullable String keyId) {
        if (keyId == null) {
            return set.getKeys().size() == 1 ? set.getKeys().get(0) : null;
        }
        return set.getKeyByKeyId(keyId);
    }

    private final class Entry {
        /** Held while fetching: virtual threads that need the same set wait for one fetch. Never taken on a loop. */
        private final ReentrantLock fetching = new ReentrantLock();

        private volatile JWKSet set = new JWKSet();
        private volatile long fetchedSeconds = Long.MIN_VALUE / 2;
        private boolean failing;
        private long triedSeconds = Long.MIN_VALUE / 2;

        JWKSet current() {
            return set;
        }

        /** Gets the set anew, or waits for whoever is at it already. */
        void refreshOrWait(URI url, Instant now) throws ProtocolException {
            if (fetching.getQueueLength() >= MAX_WAITING) {
                throw new ProtocolException(
                        Reason.OVERLOADED,
                        MAX_WAITING + " calls wait for the provider's key set already (try again later)");
            }
            fetching.lock();
            refreshAndUnlock(url, now);
        }

        /** Gets the set anew unless another is at it: who has a key at hand need not wait. */
        boolean refreshIfFree(URI url, Instant now) {
            boolean mine = fetching.tryLock();
            if (mine) {
                refreshAndUnlock(url, now);
            }
            return mine;
        }

        private void refreshAndUnlock(URI url, Instant now) {
            try {
                if (now.getEpochSecond() - triedSeconds < RETRY_SECONDS) {
                    return;
                }
                triedSeconds = now.getEpochSecond();
                set = JWKSet.parse(fetcher.fetch(url));
                fetchedSeconds = triedSeconds;
                if (failing) {
                    failing = false;
                    LOG.log(Level.INFO, "key set of " + url + " is there again");
                }
            } catch (IOException | ParseException unreachable) {
                // The set at hand serves on: a provider that is down must not lock out its users.
                if (!failing) {
                    failing = true;
                    LOG.log(
                            Level.WARNING,
                            "key set cannot be fetched, the last one serves on: " + unreachable.getMessage());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                fetching.unlock();
            }
        }
    }
}
