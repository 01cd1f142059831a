package io.rialto.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.util.AsciiString;
import io.rialto.gateway.config.Keys;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
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

    private final SealedSessions.AtHand hand = new SealedSessions.AtHand();

    private AsciiString ticket(String user) {
        SessionKeys keys = SessionKeys.of(new byte[96]);
        return new AsciiString(tokens.mint(new Tokens.Ticket("wallet", "device", user, SECONDS + 10_000, keys), NOW));
    }

    @Test
    void opens_the_ticket_of_genuine_calls_once() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(1, SKEW);
        AsciiString ticket = ticket("user");
        SealedSession session = sessions.of(ticket, hand, tokens, SECONDS);
        assertThat(sessions.of(ticket, hand, tokens, SECONDS)).isNotSameAs(session);
        assertThat(sessions.take(ticket, session, 1, SECONDS)).isSameAs(session);
        assertThat(sessions.of(ticket, hand, tokens, SECONDS)).isSameAs(session);
        assertThat(sessions.of(ticket("other"), hand, tokens, SECONDS)).isNotSameAs(session);
    }

    @Test
    void forgets_a_session_when_its_last_call_is_stale() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(1, SKEW);
        AsciiString ticket = ticket("user");
        sessions.take(ticket, sessions.of(ticket, hand, tokens, SECONDS), 1, SECONDS);
        sessions.take(ticket, sessions.of(ticket, hand, tokens, SECONDS), 2, SECONDS + 100);
        sessions.sweep(SECONDS + 200);
        assertThat(sessions.size()).isEqualTo(1);
        sessions.sweep(SECONDS + 300);
        assertThat(sessions.size()).isZero();
    }

    @Test
    void takes_a_counter_once_though_the_session_is_forgotten_between_look_up_and_taking() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(10, SKEW);
        AsciiString ticket = ticket("user");
        SealedSession found = sessions.of(ticket, hand, tokens, SECONDS);
        assertThat(sessions.take(ticket, found, 1, SECONDS)).isSameAs(found);
        sessions.sweep(SECONDS + 300);
        // Two calls with one counter looked the session up before it was forgotten.
        assertThat(sessions.take(ticket, found, 2, SECONDS + 300)).isNotNull().isNotSameAs(found);
        assertThat(sessions.take(ticket, found, 2, SECONDS + 300)).isNull();
        assertThat(sessions.size()).isEqualTo(1);
    }

    @Test
    void finds_the_remembered_session_by_the_same_ticket_and_by_equal_ones() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(10, SKEW);
        AsciiString ticket = ticket("user");
        SealedSession session = sessions.take(ticket, sessions.of(ticket, hand, tokens, SECONDS), 1, SECONDS);
        AsciiString part = new AsciiString("x" + ticket).subSequence(1, ticket.length() + 1, false);
        for (AsciiString one : List.of(ticket, new AsciiString(ticket), part, ticket)) {
            assertThat(sessions.of(one, hand, tokens, SECONDS)).isSameAs(session);
        }
        assertThat(sessions.of(ticket, new SealedSessions.AtHand(), tokens, SECONDS))
                .isSameAs(session);
    }

    @Test
    void a_session_at_hand_ends_in_time_and_is_not_found_when_it_was_forgotten() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(10, SKEW);
        AsciiString ticket = ticket("user");
        SealedSession session = sessions.take(ticket, sessions.of(ticket, hand, tokens, SECONDS), 1, SECONDS);
        assertThat(sessions.of(ticket, hand, tokens, SECONDS)).isSameAs(session);
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> sessions.of(ticket, hand, tokens, SECONDS + 10_000))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.EXPIRED_TICKET));
        sessions.sweep(SECONDS + 300);
        assertThat(sessions.of(ticket, hand, tokens, SECONDS + 300)).isNotSameAs(session);
    }
}
