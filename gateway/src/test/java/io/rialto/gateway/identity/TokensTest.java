package io.rialto.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.gateway.config.Keys;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.SessionKeys;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TokensTest {
    private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");
    private static final Instant CHANGE = NOW.plusSeconds(1_000);

    private static Keys.Token key(int id, int fill, Instant from, Instant until) {
        byte[] bytes = new byte[32];
        java.util.Arrays.fill(bytes, (byte) fill);
        return new Keys.Token(id, bytes, new Keys.Term(from, until));
    }

    private static Tokens tokens(Keys.Token... keys) {
        List<Keys.Token> all = List.of(keys);
        return new Tokens(new Keys(List.of(), all, all, all, List.of(), List.of()), new SecureRandom());
    }

    @Test
    void a_key_that_begins_within_a_second_is_used_by_those_who_know_whole_seconds_only() throws Exception {
        Instant within = NOW.plusMillis(500);
        Tokens of = tokens(key(1, 1, within, within.plusSeconds(1)));
        assertThat(of.mint(new Tokens.UserSession("wallet", "d", "u", Long.MAX_VALUE), NOW))
                .isNotEmpty();
        Keys.Term term = new Keys.Term(within, within.plusSeconds(1));
        assertThat(term.covers(NOW)).isTrue();
        assertThat(term.covers(NOW.minusNanos(1))).isFalse();
        assertThat(term.covers(NOW.plusMillis(1_999))).isTrue();
        assertThat(term.covers(NOW.plusSeconds(2))).isFalse();
        assertThat(Keys.Term.ALWAYS.covers(Instant.MAX.minusNanos(1))).isTrue();
    }

    private final Tokens tokens = tokens(key(1, 1, Instant.MIN, Instant.MAX));

    @Test
    void opens_what_it_minted() throws ProtocolException {
        long ends = NOW.getEpochSecond() + 10;
        SessionKeys keys = SessionKeys.of(new byte[96]);
        String text = tokens.mint(new Tokens.Ticket("wallet", "device", "user", ends, keys), NOW);
        Tokens.Ticket ticket = tokens.ticket(text, NOW);
        assertThat(ticket.user()).isEqualTo("user");
        assertThat(ticket.device()).isEqualTo("device");
        assertThat(ticket.keys().encoded()).isEqualTo(keys.encoded());
        refused(() -> tokens.ticket(text, NOW.plusSeconds(10)), Reason.EXPIRED_TICKET);
        refused(() -> tokens.userSession(text, NOW), Reason.WRONG_SESSION);
        refused(() -> tokens.credential(text, NOW), Reason.WRONG_CREDENTIAL);
    }

    @Test
    void refuses_every_changed_bit() {
        String text = tokens.mint(new Tokens.UserSession("wallet", "device", "user", Long.MAX_VALUE), NOW);
        byte[] token = java.util.Base64.getUrlDecoder().decode(text);
        for (int i = 0; i < token.length * 8; i++) {
            byte[] changed = token.clone();
            changed[i / 8] ^= (byte) (1 << (i % 8));
            String changedText =
                    java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(changed);
            assertThatThrownBy(() -> tokens.userSession(changedText, NOW)).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void refuses_other_spellings_of_the_same_bytes() {
        for (int length = 1; length <= 3; length++) {
            String text = tokens.mint(new Tokens.UserSession("a".repeat(length), "d", "u", Long.MAX_VALUE), NOW);
            char last = text.charAt(text.length() - 1);
            refused(() -> tokens.userSession(text + "=", NOW), Reason.WRONG_SESSION);
            String respelled = text.substring(0, text.length() - 1) + (char) (last + 1);
            refused(() -> tokens.userSession(respelled, NOW), Reason.WRONG_SESSION);
        }
    }

    @Test
    void keys_rotate_with_an_overlap() throws ProtocolException {
        Keys.Token old = key(1, 1, Instant.MIN, CHANGE.plusSeconds(100));
        Keys.Token next = key(2, 2, CHANGE, Instant.MAX);
        Tokens both = tokens(old, next);
        Tokens.UserSession session = new Tokens.UserSession("wallet", "device", "user", Long.MAX_VALUE);
        String before = both.mint(session, NOW);
        String after = both.mint(session, CHANGE);
        assertThat(tokens(old).userSession(before, NOW)).isEqualTo(session);
        refused(() -> tokens(old).userSession(after, CHANGE), Reason.EXPIRED_SESSION);
        assertThat(both.userSession(before, CHANGE)).isEqualTo(session);
        refused(() -> both.userSession(before, CHANGE.plusSeconds(100)), Reason.EXPIRED_SESSION);
        assertThat(both.userSession(after, CHANGE.plusSeconds(100))).isEqualTo(session);
    }

    @Test
    void a_nonce_is_taken_once_until_its_call_is_stale() throws ProtocolException {
        NonceMemory memory = new NonceMemory(3, new SecureRandom());
        memory.take("a", 220, 100);
        refused(() -> memory.take("a", 220, 100), Reason.REPLAYED_CALL);
        refused(() -> memory.take("a", 300, 200), Reason.REPLAYED_CALL);
        memory.take("b", 220, 100);
        memory.take("c", 220, 100);
        refused(() -> memory.take("d", 220, 100), Reason.REPLAY_MEMORY_FULL);
        memory.take("d", 500, 400);
        assertThat(memory.size()).isEqualTo(1);
    }

    @Test
    void one_caller_cannot_fill_the_memory_of_nonces_for_all() throws ProtocolException {
        Nonces nonces = new Nonces(new SecureRandom(), 1_000);
        Identity greedy = Identity.device("wallet", "greedy", null);
        Identity modest = Identity.device("wallet", "modest", null);
        for (int i = 0; i < 500; i++) {
            nonces.take(greedy, "greedy", "n" + i, 220, 100);
        }
        refused(() -> nonces.take(greedy, "greedy", "more", 220, 100), Reason.REPLAY_MEMORY_FULL);
        nonces.take(modest, "modest", "a", 220, 100);
        refused(() -> nonces.take(modest, "modest", "a", 220, 100), Reason.REPLAYED_CALL);
        nonces.take(modest, "modest", "b", 360, 250);
        refused(() -> nonces.take(modest, "modest", "c", 360, 250), Reason.REPLAY_MEMORY_FULL);
        nonces.take(Identity.partner("wallet", "shop"), "greedy", "a", 360, 250);
        nonces.take(Identity.enrolling(new byte[65]), "greedy", "a", 360, 250);
        nonces.take(greedy, "greedy", "later", 1_120, 1_000);
    }

    @Test
    void one_device_cannot_fill_the_memory_of_sessions_for_all() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(10, 120);
        for (int i = 0; i < 5; i++) {
            remember(sessions, "greedy");
        }
        refused(() -> remember(sessions, "greedy"), Reason.REPLAY_MEMORY_FULL);
        remember(sessions, "modest");
        assertThat(sessions.size()).isEqualTo(6);
        sessions.sweep(NOW.getEpochSecond() + 251);
        remember(sessions, "greedy");
    }

    private void remember(SealedSessions sessions, String device) throws ProtocolException {
        io.netty.util.AsciiString text = ticket(device);
        SealedSession session = sessions.of(text, new SealedSessions.AtHand(), tokens, NOW.getEpochSecond());
        assertThat(sessions.take(text, session, 1, NOW.getEpochSecond() + 1)).isNotNull();
    }

    @Test
    void a_ticket_in_a_larger_message_is_found_at_hand_and_another_is_not() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(10, 120);
        SealedSessions.AtHand hand = new SealedSessions.AtHand();
        io.netty.util.AsciiString text = ticket("one");
        SealedSession session = sessions.of(text, hand, tokens, NOW.getEpochSecond());
        sessions.take(text, session, 1, NOW.getEpochSecond());
        for (int i = 0; i < 3; i++) {
            io.netty.util.AsciiString message = io.netty.util.AsciiString.of("ticket: " + text + "\r\n");
            io.netty.util.AsciiString view = message.subSequence(8, 8 + text.length(), false);
            assertThat(sessions.of(view, hand, tokens, NOW.getEpochSecond())).isSameAs(session);
        }
        String changed = (text.charAt(30) == 'A' ? 'B' : 'A') + text.toString().substring(31);
        io.netty.util.AsciiString forged =
                io.netty.util.AsciiString.of(text.toString().substring(0, 30) + changed);
        refused(() -> sessions.of(forged, hand, tokens, NOW.getEpochSecond()), Reason.WRONG_TICKET);
    }

    @Test
    void a_window_takes_each_counter_once() {
        ReplayWindow window = new ReplayWindow();
        java.util.Random random = new java.util.Random(5);
        java.util.Set<Long> taken = new java.util.HashSet<>();
        long highest = 0;
        for (int i = 0; i < 50_000; i++) {
            long counter = Math.max(1, highest + random.nextInt(1_300) - 1_200);
            boolean fresh = counter > highest - ReplayWindow.SIZE && !taken.contains(counter);
            assertThat(window.refuses(counter)).isEqualTo(!fresh);
            assertThat(window.take(counter)).isEqualTo(fresh);
            taken.add(counter);
            highest = Math.max(highest, fresh ? counter : 0);
        }
        assertThat(window.take(1L << 47)).isTrue();
        assertThat(window.take(highest)).isFalse();
    }

    @Test
    void sessions_are_forgotten_only_when_all_their_calls_are_stale() throws ProtocolException {
        SealedSessions sessions = new SealedSessions(1, 120);
        io.netty.util.AsciiString text = ticket("one");
        SealedSession session = sessions.of(text, new SealedSessions.AtHand(), tokens, NOW.getEpochSecond());
        assertThat(sessions.take(text, session, 1, NOW.getEpochSecond() + 120)).isNotNull();
        io.netty.util.AsciiString other = ticket("two");
        SealedSession second = sessions.of(other, new SealedSessions.AtHand(), tokens, NOW.getEpochSecond());
        refused(() -> sessions.take(other, second, 1, NOW.getEpochSecond()), Reason.REPLAY_MEMORY_FULL);
        sessions.sweep(NOW.getEpochSecond() + 240);
        assertThat(sessions.of(text, new SealedSessions.AtHand(), tokens, NOW.getEpochSecond() + 240)
                        .refuses(1))
                .isTrue();
        sessions.sweep(NOW.getEpochSecond() + 251);
        assertThat(sessions.size()).isZero();
    }

    private io.netty.util.AsciiString ticket(String device) {
        Tokens.Ticket ticket = new Tokens.Ticket("wallet", device, "", Long.MAX_VALUE, SessionKeys.of(new byte[96]));
        return io.netty.util.AsciiString.of(tokens.mint(ticket, NOW));
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, Reason reason) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ProtocolException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason));
    }
}
