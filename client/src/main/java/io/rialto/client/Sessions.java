package io.rialto.client;

import io.rialto.client.codec.JsonCodec;
import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpRequest;
import io.rialto.client.http.Transport;
import io.rialto.client.http.TransportException;
import io.rialto.protocol.Code;
import io.rialto.protocol.Handshake;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Offer;
import io.rialto.protocol.Opened;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.ServerKey;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Enrols the device and opens sessions. Of calls that need a session at once, one opens it and the others wait. */
final class Sessions {
    /** Each try heals one thing (edge, time, key, credential); more means that something is wrong for good. */
    private static final int MAX_TRIES = 8;

    private final String app;
    private final Identity identity;
    private final ServerKeys keys;
    private final Edges edges;
    private final ServerTime time;
    private final RequestSigner requests;
    private final Transport transport;
    private final Clock clock;
    private final SecureRandom random;
    private final Supplier<@Nullable String> identityToken;
    private final SessionListener listener;

    private @Nullable LiveSession live;
    private @Nullable CompletableFuture<LiveSession> opening;

    Sessions(
            String app,
            Identity identity,
            ServerKeys keys,
            Edges edges,
            ServerTime time,
            RequestSigner requests,
            Transport transport,
            Clock clock,
            SecureRandom random,
            Supplier<@Nullable String> identityToken,
            SessionListener listener) {
        this.app = app;
        this.identity = identity;
        this.keys = keys;
        this.edges = edges;
        this.time = time;
        this.requests = requests;
        this.transport = transport;
        this.clock = clock;
        this.random = random;
        this.identityToken = identityToken;
        this.listener = listener;
    }

    /**
     * The session to call with.
     *
     * @throws CallException where there is none and none could be opened
     */
    LiveSession current(URI gateway, long deadlineNanos) {
        while (true) {
            CompletableFuture<LiveSession> mine = null;
            CompletableFuture<LiveSession> awaited;
            synchronized (this) {
                if (live != null && live.usable(time.millis(), identity.version())) {
                    return live;
                }
                if (opening == null) {
                    mine = new CompletableFuture<>();
                    opening = mine;
                }
                awaited = opening;
            }
            if (mine != null) {
                return openFor(mine, gateway, deadlineNanos);
            }
            LiveSession opened = await(awaited, deadlineNanos);
            if (opened != null && opened.usable(time.millis(), identity.version())) {
                return opened;
            }
        }
    }

    private LiveSession openFor(CompletableFuture<LiveSession> mine, URI gateway, long deadlineNanos) {
        try {
            LiveSession opened = open(gateway, deadlineNanos);
            synchronized (this) {
                live = opened;
                opening = null;
            }
            mine.complete(opened);
            return opened;
        } catch (RuntimeException e) {
            synchronized (this) {
                opening = null;
            }
            mine.completeExceptionally(e);
            throw e;
        }
    }

    /** The session that another call opens; null where that call ran out of its own time. */
    private @Nullable LiveSession await(CompletableFuture<LiveSession> other, long deadlineNanos) {
        try {
            return other.get(Math.max(0, deadlineNanos - clock.nanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw Failures.outOfTime("no session was opened in time");
        } catch (InterruptedException e) {
            throw Failures.interrupted();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CallException) {
                CallException cause = (CallException) e.getCause();
                if (cause.code() == Code.DEADLINE_EXCEEDED || cause.code() == Code.CANCELED) {
                    return null;
                }
                throw cause;
            }
            throw new IllegalStateException("opening a session failed", e.getCause());
        }
    }

    /** Leaves a session that the platform refused, or that is of another user; the next call opens a new one. */
    synchronized void leave(LiveSession session) {
        if (live == session) {
            live = null;
        }
    }

    /** The device's credential, enrolling first where there is none. */
    String credential(URI gateway, long deadlineNanos) {
        String credential = identity.credential();
        for (int i = 0; i < MAX_TRIES && credential == null; i++) {
            credential = enrol(gateway, deadlineNanos);
        }
        if (credential == null) {
            throw givenUp("enrolment", gateway);
        }
        return credential;
    }

    /** The edge behind a gateway, asking it where nothing is known. */
    String edge(URI gateway, long deadlineNanos) {
        String known = edges.of(gateway);
        if (known != null) {
            return known;
        }
        HttpAnswer answer = send("GET", gateway, "/rialto/edge", new TreeMap<>(), new byte[0], deadlineNanos);
        CallException failure = Failures.of(answer, false);
        if (failure != null) {
            throw notDispatched(failure);
        }
        try {
            Map<String, Object> about = JsonCodec.object(answer.body());
            if (about.get("time") instanceof Double) {
                time.learn((long) ((Double) about.get("time") * 1000));
            }
            Object edge = about.get("edge");
            if (edge instanceof String) {
                edges.learn(gateway, (String) edge);
            }
        } catch (IOException e) {
            throw notDispatched(Failures.unreadable(gateway + "/rialto/edge: " + e.getMessage(), e));
        }
        String learned = edges.of(gateway);
        if (learned == null) {
            throw notDispatched(Failures.unreadable(gateway + "/rialto/edge names no edge", null));
        }
        return learned;
    }

    private LiveSession open(URI gateway, long deadlineNanos) {
        Healing healing = new Healing(gateway);
        for (int i = 0; i < MAX_TRIES; i++) {
            int version = identity.version();
            String credential = credential(gateway, deadlineNanos);
            String userToken = identity.userToken();
            String jwt = userToken == null ? identityToken.get() : null;
            ServerKey key = keys.current();
            Handshake.Client handshake = start(gateway, deadlineNanos, credential, userToken, jwt, key);
            Map<String, String> headers = new TreeMap<>();
            headers.put("content-type", "application/rialto-handshake");
            HttpAnswer answer = send("POST", gateway, "/rialto.Seal/Open", headers, handshake.message(), deadlineNanos);
            CallException failure = Failures.of(answer, false);
            if (failure == null) {
                return opened(gateway, handshake, answer, version);
            }
            Reason reason = Failures.reason(failure.reason());
            if (reason == Reason.WRONG_SESSION || reason == Reason.EXPIRED_SESSION || reason == Reason.REVOKED_DEVICE) {
                userRefused(reason, userToken);
                throw notDispatched(failure);
            }
            if (reason == null || !healing.heals(reason, answer, key, credential)) {
                throw notDispatched(failure);
            }
        }
        throw givenUp("handshake", gateway);
    }

    private Handshake.Client start(
            URI gateway,
            long deadlineNanos,
            String credential,
            @Nullable String userToken,
            @Nullable String jwt,
            ServerKey key) {
        byte[] nonce = new byte[Offer.NONCE_BYTES];
        random.nextBytes(nonce);
        String edge = edge(gateway, deadlineNanos);
        try {
            Offer offer = new Offer(credential, userToken, jwt, edge, time.millis(), nonce);
            return Handshake.start(key, offer, identity.signer(), random);
        } catch (GeneralSecurityException e) {
            throw CallException.local(Code.INTERNAL, "the device's key cannot sign: " + e.getMessage());
        }
    }

    private LiveSession opened(URI gateway, Handshake.Client handshake, HttpAnswer answer, int version) {
        Opened opened;
        try {
            opened = handshake.finish(answer.body());
        } catch (ProtocolException e) {
            throw notDispatched(
                    Failures.unreadable("the handshake's answer is not the platform's: " + e.getMessage(), e));
        }
        time.learn(opened.acceptance().timeMillis());
        edges.learn(gateway, opened.acceptance().edge());
        keys.learn(opened.acceptance().nextKeys());
        return new LiveSession(opened, version);
    }

    /** Takes note that the platform refused the user, and tells the app once. */
    void userRefused(Reason reason, @Nullable String userToken) {
        if (identity.userRefused(userToken) || reason == Reason.REVOKED_DEVICE) {
            listener.ended(reason.wireName());
        }
    }

    private @Nullable String enrol(URI gateway, long deadlineNanos) {
        Healing healing = new Healing(gateway);
        for (int i = 0; i < MAX_TRIES; i++) {
            Map<String, String> headers = new TreeMap<>();
            headers.put("content-type", "application/json");
            headers.put(HeaderNames.EDGE, edge(gateway, deadlineNanos));
            byte[] body = new JsonCodec().encode(Map.of("app", app));
            String path = "/rialto.Device/Enrol";
            requests.signEnrolment("POST", path, headers, body);
            HttpAnswer answer = send("POST", gateway, path, headers, body, deadlineNanos);
            CallException failure = Failures.of(answer, false);
            if (failure == null) {
                return enrolled(gateway, answer);
            }
            Reason reason = Failures.reason(failure.reason());
            if (reason == Reason.REVOKED_DEVICE) {
                userRefused(reason, null);
            }
            if (reason == null || !healing.heals(reason, answer, null, null)) {
                throw notDispatched(failure);
            }
        }
        return null;
    }

    private String enrolled(URI gateway, HttpAnswer answer) {
        try {
            Object credential = JsonCodec.object(answer.body()).get("credential");
            if (credential instanceof String && !((String) credential).isEmpty()) {
                identity.enrolled((String) credential);
                return (String) credential;
            }
        } catch (IOException e) {
            throw notDispatched(Failures.unreadable(gateway + ": enrolment: " + e.getMessage(), e));
        }
        throw notDispatched(Failures.unreadable(gateway + ": enrolment answered no credential", null));
    }

    private HttpAnswer send(
            String method, URI gateway, String path, Map<String, String> headers, byte[] body, long deadlineNanos) {
        long left = deadlineNanos - clock.nanos();
        if (left <= 0) {
            throw Failures.outOfTime("time ran out before " + path);
        }
        headers.put("accept-encoding", "identity");
        try {
            return transport.send(new HttpRequest(method, URI.create(gateway + path), headers, body, left));
        } catch (TransportException e) {
            throw notDispatched(Failures.of(e));
        }
    }

    /** What fails before the call itself is sent leaves the call undone. */
    private static CallException notDispatched(CallException e) {
        return new CallException(
                e.code(),
                e.reason(),
                e.bareMessage(),
                Dispatched.NO,
                e.passing(),
                e.retryAfterMillis(),
                null,
                e.getCause());
    }

    private static CallException givenUp(String what, URI gateway) {
        return CallException.local(
                Code.UNAUTHENTICATED, what + " at " + gateway + " was refused " + MAX_TRIES + " times in a row");
    }

    /** What one handshake or enrolment has put right so far; nothing is put right twice, but an edge may move again. */
    private final class Healing {
        private final URI gateway;
        private boolean timed;
        private boolean renewed;
        private int keysTried = 1;
        private int replays;

        Healing(URI gateway) {
            this.gateway = gateway;
        }

        boolean heals(Reason reason, HttpAnswer answer, @Nullable ServerKey key, @Nullable String credential) {
            switch (reason) {
                case WRONG_EDGE:
                    return edges.learn(gateway, answer.headers().get(HeaderNames.EDGE));
                case STALE_CALL:
                    boolean first = !timed;
                    timed = true;
                    return first && time.learnSeconds(answer.headers().get(HeaderNames.TIME));
                case UNKNOWN_SERVER_KEY:
                    if (key != null) {
                        keys.refused(key);
                    }
                    return key != null && keysTried++ < keys.size();
                case WRONG_CREDENTIAL:
                case EXPIRED_CREDENTIAL:
                    boolean news = !renewed && credential != null;
                    renewed = true;
                    if (news && credential != null) {
                        identity.credentialRefused(credential);
                    }
                    return news;
                case REPLAYED_CALL:
                    // of a handshake: another with a new nonce does no harm
                    return replays++ == 0;
                default:
                    return false;
            }
        }
    }
}
