package io.rialto.gateway;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.config.CacheRule;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.http.HeaderList;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers kept for a while, and calls that wait for the answer of an equal one under way. Only answers with status 200 are
 * kept, and only where the operation's configuration says so; its key decides which calls are equal.
 */
final class Cached implements Step {
    /** Headers, key and objects of an entry beside its body and key. */
    private static final int ENTRY_BYTES = 512;

    private static final int ETAG_BYTES = 16;
    private static final AsciiString ANY = AsciiString.cached("*");

    /** An answer that may be given again. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    record Kept(int status, HeaderList headers, byte[] body, long freshUntilNanos) {}

    private final Cache<String, Kept> entries;
    private final ConcurrentHashMap<String, Flight> flights = new ConcurrentHashMap<>();
    private final LongSupplier nanoTime;

    Cached(LongSupplier nanoTime, long maxBytes) {
        this.nanoTime = nanoTime;
        entries = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher((String key, Kept kept) -> ENTRY_BYTES + 2 * key.length() + kept.body.length)
                .executor(Runnable::run)
                .build();
    }

    void resize(long maxBytes) {
        entries.policy().eviction().ifPresent(eviction -> eviction.setMaximum(maxBytes));
    }

    void clear() {
        entries.invalidateAll();
    }

    @Override
    public Progress take(Exchange x) {
        OperationState operation = x.operation;
        if (operation == null || operation.config.cache() == null || x.forward || x.shadow) {
            return Progress.CONTINUE;
        }
        String key = key(x, operation.config, operation.config.cache());
        Kept kept = entries.getIfPresent(key);
        if (kept != null && kept.freshUntilNanos - nanoTime.getAsLong() > 0) {
            return give(x, kept);
        }
        x.cacheKey = key;
        if (operation.config.coalesce()) {
            Flight flight = flights.get(key);
            if (flight != null && flight.join(x)) {
                return Progress.SUSPENDED;
            }
        }
        return Progress.CONTINUE;
    }

    /** The flight that an exchange is to lead, or null where it joined that of another meanwhile. */
    @Nullable
    Flight lead(Exchange x, String key) {
        Flight mine = new Flight(key, flights, x.call.loop());
        while (true) {
            Flight other = flights.putIfAbsent(key, mine);
            if (other == null) {
                mine.join(x);
                return mine;
            }
            if (other.join(x)) {
                return null;
            }
            flights.remove(key, other); // it has landed
        }
    }

    /** Keeps an answer, with its entity tag; the status must be 200. */
    Kept keep(String key, OperationConfig config, int status, HeaderList headers, byte[] body) {
        HeaderList copy = copy(headers);
        if (status == 200 && !copy.contains(Names.ETAG)) {
            copy.add(Names.ETAG, etag(body));
        }
        CacheRule rule = config.cache();
        long ttl = rule == null ? 0 : rule.ttlMillis() * 1_000_000L;
        Kept kept = new Kept(status, copy, body, nanoTime.getAsLong() + ttl);
        if (ttl > 0 && status == 200 && isPublic(headers)) {
            entries.put(key, kept);
        }
        return kept;
    }

    /** Whether a backend lets others than the caller have its answer. */
    static boolean isPublic(HeaderList headers) {
        CharSequence control = CallFields.combined(headers, Names.CACHE_CONTROL);
        return !headers.contains(Names.SESSION)
                && !headers.contains(Names.SET_COOKIE)
                && (control == null
                        || !AsciiString.containsIgnoreCase(control, "no-store")
                                && !AsciiString.containsIgnoreCase(control, "private"));
    }

    /** Gives a kept answer; {@code 304} to a caller that has it already, unless the answer is to be sealed or framed. */
    static Progress give(Exchange x, Kept kept) {
        HeaderList headers = copy(kept.headers);
        AsciiString etag = headers.get(Names.ETAG);
        AsciiString known = x.headers.get(Names.IF_NONE_MATCH);
        boolean bare = kept.status == 200 && x.counter == 0 && x.framing == Exchange.Framing.PLAIN;
        if (bare && known != null && etag != null && names(known, etag)) {
            headers.remove(Names.CONTENT_TYPE);
            return x.answer(304, headers, Unpooled.EMPTY_BUFFER);
        }
        return x.answer(kept.status, headers, Unpooled.wrappedBuffer(kept.body));
    }

    /** Whether {@code if-none-match} names an entity tag; what is not in quotes is none, and could be found anywhere. */
    private static boolean names(AsciiString known, AsciiString etag) {
        return known.contentEquals(ANY) || etag.endsWith("\"") && etag.length() > 2 && known.contains(etag);
    }

    private static HeaderList copy(HeaderList headers) {
        HeaderList copy = new HeaderList(headers.size() + 6);
        for (int i = 0; i < headers.size(); i++) {
            copy.add(headers.name(i), headers.value(i));
        }
        return copy;
    }

    private static String key(Exchange x, OperationConfig config, CacheRule rule) {
        StringBuilder key = new StringBuilder(config.name().path()).append('\n').append(x.codec);
        if (config.route() == OperationConfig.Route.HINT) {
            // Whose data is asked for may be said by nothing else.
            append(key, x.headers.get(Names.ROUTE));
        }
        for (CacheRule.KeyPart part : rule.key()) {
            CharSequence value = switch (part.kind()) {
                case USER -> x.identity.user();
                case APP -> x.identity.app();
                case DEVICE -> x.identity.device();
                case PATH -> x.call.path();
                case QUERY -> x.call.query();
                case BODY -> digest(x.bodyBytes());
                case LOCALE -> x.headers.get(Names.ACCEPT_LANGUAGE);
                case HEADER -> CallFields.combined(x.headers, Names.of(part.name()));
            };
            append(key, value);
        }
        return key.toString();
    }

    /** With its length before it no value can pass for the end of another. */
    private static void append(StringBuilder key, @Nullable CharSequence value) {
        key.append('\n').append(value == null ? -1 : value.length()).append(':');
        if (value != null) {
            key.append(value);
        }
    }

    private static String etag(byte[] body) {
        return '"' + digest(body).substring(0, ETAG_BYTES * 4 / 3) + '"';
    }

    private static String digest(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is missing from this platform", e);
        }
    }
}
