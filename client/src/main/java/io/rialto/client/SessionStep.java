package io.rialto.client;

import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.net.URI;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Says who calls, to which edge and when; and where the edge refuses that before dispatch, puts it right and calls
 * again. Takes in the session of a login's answer.
 */
final class SessionStep implements Interceptor {
    /** An address may lead to several edges, one after another; time, ticket and credential need one try each. */
    private static final int MAX_TRIES = 5;

    private final Sessions sessions;
    private final Identity identity;
    private final Edges edges;
    private final ServerTime time;
    private final Gateways gateways;
    private final Clock clock;
    private final Supplier<@Nullable String> identityToken;
    private final SessionListener listener;

    SessionStep(
            Sessions sessions,
            Identity identity,
            Edges edges,
            ServerTime time,
            Gateways gateways,
            Clock clock,
            Supplier<@Nullable String> identityToken,
            SessionListener listener) {
        this.sessions = sessions;
        this.identity = identity;
        this.edges = edges;
        this.time = time;
        this.gateways = gateways;
        this.clock = clock;
        this.identityToken = identityToken;
        this.listener = listener;
    }

    /** Refusals whose cure either works at the first time or never. */
    private static final Set<Reason> ONCE = EnumSet.of(Reason.STALE_CALL, Reason.TAMPERED_BODY);

    @Override
    public Answer intercept(Call call, Next next) {
        Set<Reason> seen = EnumSet.noneOf(Reason.class);
        for (int tries = 1; ; tries++) {
            int version = identity.version();
            String userToken = identity.userToken();
            Attempt attempt = new Attempt(call, userToken);
            Answer answer = attempt.run(next);
            CallException failure = answer.failure();
            if (failure == null) {
                login(call, answer, version);
                return answer;
            }
            Reason reason = Failures.reason(failure.reason());
            if (reason == null || answer.status() == 0) {
                return answer;
            }
            boolean worthIt = seen.add(reason) || !ONCE.contains(reason);
            if (!worthIt || !healed(reason, answer, attempt) || tries == MAX_TRIES) {
                return answer;
            }
        }
    }

    private boolean healed(Reason reason, Answer answer, Attempt attempt) {
        switch (reason) {
            case WRONG_EDGE:
                return edges.learn(attempt.call.requireGateway(), answer.header(HeaderNames.EDGE));
            case STALE_CALL:
                return time.learnSeconds(answer.header(HeaderNames.TIME));
            case WRONG_TICKET:
            case EXPIRED_TICKET:
            case TAMPERED_BODY: // perhaps keys that the two ends do not share: a new session has new ones
                if (attempt.session != null) {
                    sessions.leave(attempt.session);
                }
                return attempt.session != null;
            case WRONG_CREDENTIAL:
            case EXPIRED_CREDENTIAL:
                String credential = attempt.call.header(HeaderNames.CREDENTIAL);
                if (credential != null) {
                    identity.credentialRefused(credential);
                }
                return credential != null;
            case EXPIRED_SESSION:
            case WRONG_SESSION:
            case REVOKED_DEVICE:
                sessions.userRefused(reason, attempt.userToken);
                return false;
            default:
                return false;
        }
    }

    /** Takes the session token of a login's answer, unless somebody logged in or out meanwhile. */
    private void login(Call call, Answer answer, int version) {
        String token = answer.header(HeaderNames.SESSION);
        boolean believed = answer.authentic()
                || call.protection() == Protection.SIGNED
                || call.protection() == Protection.SIGNED_BY_DEVICE;
        if (token == null || !believed || version != identity.version()) {
            return;
        }
        if (!identity.hasUser() && answer.header(HeaderNames.CELL) == null) {
            gateways.forgetCell();
        }
        identity.loggedIn(token);
        listener.loggedIn();
    }

    /** One try: the call with what it needs to be accepted. */
    private final class Attempt {
        final @Nullable String userToken;

        @Nullable
        LiveSession session;

        Call call;

        Attempt(Call call, @Nullable String userToken) {
            this.call = call;
            this.userToken = userToken;
        }

        Answer run(Next next) {
            try {
                prepare();
                if (session == null) {
                    return next.proceed(timed());
                }
                if (!session.enter(call.deadlineNanos() - clock.nanos())) {
                    return Answer.failed(Failures.outOfTime(
                            "all " + LiveSession.MAX_IN_FLIGHT + " places for calls of the session stayed taken"));
                }
                try {
                    return next.proceed(timed());
                } finally {
                    session.leave();
                }
            } catch (CallException e) {
                return Answer.failed(e);
            } catch (InterruptedException e) {
                return Answer.failed(Failures.interrupted());
            }
        }

        private void prepare() {
            URI gateway = call.requireGateway();
            long deadline = call.deadlineNanos();
            switch (call.protection()) {
                case SEALED:
                case SIGNED:
                    session = sessions.current(gateway, deadline);
                    call = call.withSession(session)
                            .withHeader(HeaderNames.TICKET, session.ticket())
                            .withHeader(HeaderNames.EDGE, sessions.edge(gateway, deadline));
                    break;
                case SIGNED_BY_DEVICE:
                    call = call.withHeader(HeaderNames.CREDENTIAL, sessions.credential(gateway, deadline))
                            .withHeader(HeaderNames.EDGE, sessions.edge(gateway, deadline));
                    String jwt = userToken == null ? identityToken.get() : null;
                    if (userToken != null) {
                        call = call.withHeader(HeaderNames.SESSION, userToken);
                    } else if (jwt != null) {
                        call = call.withHeader("authorization", "Bearer " + jwt);
                    }
                    break;
                case PLAIN:
                    break;
            }
        }

        /** What is left of the time goes with the call, so that nobody works for an answer that no one awaits. */
        private Call timed() {
            long millis = TimeUnit.NANOSECONDS.toMillis(call.deadlineNanos() - clock.nanos());
            Map<String, String> headers = new TreeMap<>(call.headers());
            headers.put(HeaderNames.TIMEOUT, Long.toString(Math.max(1, millis)));
            return call.withHeaders(headers);
        }
    }
}
