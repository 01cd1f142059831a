package io.rialto.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import io.rialto.gateway.config.Keys;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.SessionKeys;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SealedSessionsTest {
    private static final long SKEW = 120;
    private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");
    private static final long SECONDS = NOW.getEpochSecond();

    private final Tokens tokens = new Tokens(
            new Keys(
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(new Keys.Token(1, new byte[32], new Keys.Term(Instant.MIN, Instant.MAX))),
                    List.of(),
                    List.of()),
            new SecureRandom());

    private AsciiString ticket(String user) {
        SessionKeys keys = SessionKeys.of(new byte[96]);
        return new AsciiString(tokens.mint(new Tokens.Ticket("wallet", "device", user, SECONDS + 10_000, keys), NOW));
    }

    @Test
    void opens_the_ticket_of_genuine_calls_once() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(1, SKEW);
        AsciiString ticket = ticket("user");
        SealedSession session = sessions.of(ticket, tokens, SECONDS);
        assertThat(sessions.of(ticket, tokens, SECONDS)).isNotSameAs(session);
        assertThat(sessions.take(ticket, session, 1, SECONDS)).isSameAs(session);
        assertThat(sessions.of(ticket, tokens, SECONDS)).isSameAs(session);
        assertThat(sessions.of(ticket("other"), tokens, SECONDS)).isNotSameAs(session);
    }

    @Test
    void forgets_a_session_when_its_last_call_is_stale() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(1, SKEW);
        AsciiString ticket = ticket("user");
        sessions.take(ticket, sessions.of(ticket, tokens, SECONDS), 1, SECONDS);
        sessions.take(ticket, sessions.of(ticket, tokens, SECONDS), 2, SECONDS + 100);
        sessions.sweep(SECONDS + 200);
        assertThat(sessions.size()).isEqualTo(1);
        sessions.sweep(SECONDS + 300);
        assertThat(sessions.size()).isZero();
    }

    @Test
    void takes_a_counter_once_though_the_session_is_forgotten_between_look_up_and_taking() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(10, SKEW);
        AsciiString ticket = ticket("user");
        SealedSession found = sessions.of(ticket, tokens, SECONDS);
        assertThat(sessions.take(ticket, found, 1, SECONDS)).isSameAs(found);
        sessions.sweep(SECONDS + 300);
        // Two calls with one counter looked the session up before it was forgotten.
        assertThat(sessions.take(ticket, found, 2, SECONDS + 300)).isNotNull().isNotSameAs(found);
        assertThat(sessions.take(ticket, found, 2, SECONDS + 300)).isNull();
        assertThat(sessions.size()).isEqualTo(1);
    }
}
