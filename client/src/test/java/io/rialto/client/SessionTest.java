package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.WalletService.Login;
import io.rialto.client.fake.FakeAnswer;
import io.rialto.client.fake.FakeCall;
import io.rialto.client.fake.Fault;
import io.rialto.protocol.Reason;
import io.rialto.protocol.ServerKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SessionTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void calls_at_once_share_one_enrolment_and_one_handshake() throws Exception {
        callAtOnce(fixture.wallet(), 60);
        assertThat(fixture.platform.requests(Fixture.ENROL)).isEqualTo(1);
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isEqualTo(1);
    }

    @Test
    void no_counter_is_ever_used_twice() throws Exception {
        for (int i = 0; i < 40; i++) {
            fixture.platform.inject(
                    Fixture.BALANCE,
                    new Fault.Refuse(Reason.WRONG_EDGE),
                    new Fault.DropAfter(),
                    new Fault.Refuse(Reason.OVERLOADED));
        }
        WalletService wallet =
                fixture.client(fixture.phone().clock(new TestClock())).service(WalletService.class);
        callAtOnce(wallet, 400);
        assertThat(fixture.platform.counters()).doesNotHaveDuplicates().hasSizeGreaterThan(300);
    }

    /** Calls that fail are no matter here. */
    private static void callAtOnce(WalletService wallet, int calls) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < calls; i++) {
                all.add(threads.submit(() -> {
                    try {
                        wallet.balance();
                    } catch (CallException e) {
                        assertThat(e.reason()).isIn("", "overloaded", "wrong_edge");
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void another_edge_at_the_same_address_is_learned(Protection protection) {
        WalletService wallet =
                fixture.client(fixture.phone().protection(protection)).service(WalletService.class);
        wallet.balance();
        fixture.platform.restartEdge("east");
        wallet.balance();
        wallet.balance();
        assertThat(fixture.platform.requests(Fixture.BALANCE)).isEqualTo(4);
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isLessThanOrEqualTo(1);
        assertThat(fixture.platform.handled()).hasSize(3);
    }

    @Test
    void an_edge_that_restarts_before_the_handshake_is_learned() {
        Rialto client = fixture.client();
        fixture.platform.inject(Fixture.HANDSHAKE, new Fault.DropBefore());
        WalletService wallet = client.service(WalletService.class);
        wallet.balance();
        fixture.platform.endTickets();
        fixture.platform.restartEdge("east");
        wallet.balance();
        assertThat(fixture.platform.handled()).hasSize(2);
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void a_clock_that_is_wrong_is_put_right_once(Protection protection) {
        WalletService wallet =
                fixture.client(fixture.phone().protection(protection)).service(WalletService.class);
        wallet.balance();
        fixture.platform.clockOffset(-3_600_000);
        wallet.balance();
        wallet.balance();
        assertThat(fixture.platform.requests(Fixture.BALANCE)).isEqualTo(4);
    }

    @Test
    void a_phone_whose_clock_is_a_year_off_can_call() {
        fixture.platform.clockOffset(31_536_000_000L);
        assertThat(fixture.wallet().balance().amount()).isEqualTo("9.45");
    }

    @Test
    void a_ticket_that_ended_is_replaced() {
        WalletService wallet = fixture.wallet();
        wallet.balance();
        fixture.platform.endTickets();
        wallet.balance();
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isEqualTo(2);
        assertThat(fixture.platform.requests(Fixture.ENROL)).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED_BY_DEVICE"})
    void a_credential_that_ended_is_replaced(Protection protection) {
        WalletService wallet =
                fixture.client(fixture.phone().protection(protection)).service(WalletService.class);
        wallet.balance();
        fixture.platform.endTickets();
        fixture.platform.endCredentials();
        wallet.balance();
        assertThat(fixture.platform.requests(Fixture.ENROL)).isEqualTo(2);
        assertThat(fixture.platform.handled().stream().map(FakeCall::device).distinct())
                .as("the same key is the same device")
                .hasSize(1);
    }

    @Test
    void a_session_is_left_before_it_ends() {
        TestClock clock = new TestClock();
        fixture.platform.sessionsLast(100);
        WalletService wallet = fixture.client(fixture.phone().clock(clock)).service(WalletService.class);
        wallet.balance();
        clock.advanceMillis(80_000);
        wallet.balance();
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isEqualTo(1);
        clock.advanceMillis(15_000);
        wallet.balance();
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isEqualTo(2);
    }

    @Test
    void a_users_session_that_ended_is_told_once_and_leaves_the_device_able_to_log_in() {
        WalletService wallet = fixture.wallet();
        wallet.login(new Login("100042"));
        wallet.balance();
        fixture.platform.endTickets();
        fixture.platform.endUserSessions();
        assertThatThrownBy(wallet::balance).isInstanceOfSatisfying(CallException.class, e -> {
            assertThat(e.reason()).isEqualTo("expired_session");
            assertThat(e.dispatched()).isEqualTo(Dispatched.NO);
        });
        wallet.balance();
        assertThat(fixture.ended).containsExactly("expired_session");
        wallet.login(new Login("100042"));
        wallet.balance();
        assertThat(fixture.platform.handled()).last().extracting(FakeCall::user).isEqualTo("100042");
    }

    @Test
    void calls_under_way_stay_well_within_the_replay_window() throws Exception {
        CountDownLatch arrived = new CountDownLatch(LiveSession.MAX_IN_FLIGHT);
        CountDownLatch gate = new CountDownLatch(1);
        fixture.platform.handle("wallet.Balance/Get", call -> {
            arrived.countDown();
            try {
                gate.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return FakeAnswer.json("{\"amount\":\"1\"}");
        });
        WalletService wallet = fixture.wallet();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < LiveSession.MAX_IN_FLIGHT; i++) {
                all.add(threads.submit(() -> wallet.balance()));
            }
            assertThat(arrived.await(15, TimeUnit.SECONDS)).isTrue();
            assertThatThrownBy(() -> wallet.balance(CallOptions.NONE.timeout(Duration.ofMillis(300))))
                    .isInstanceOfSatisfying(
                            CallException.class, e -> assertThat(e.dispatched()).isEqualTo(Dispatched.NO));
            gate.countDown();
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertThat(wallet.balance().amount()).isEqualTo("1");
    }

    @Test
    void a_revoked_device_is_told() {
        fixture.platform.inject(Fixture.HANDSHAKE, new Fault.Refuse(Reason.REVOKED_DEVICE));
        assertThatThrownBy(() -> fixture.wallet().balance()).hasMessageContaining("revoked_device");
        assertThat(fixture.ended).containsExactly("revoked_device");
    }

    @Test
    void an_announced_key_is_pinned_and_used_when_the_old_one_ended() {
        Storage storage = new InMemoryStorage();
        ServerKey old = fixture.platform.serverKey();
        RialtoBuilder pinsOld = fixture.phone().storage(storage);
        ServerKey next = fixture.platform.rotateKey(2).key();
        fixture.platform.announceKey(next);
        WalletService wallet = fixture.client(pinsOld).service(WalletService.class);
        wallet.balance();
        fixture.platform.endKey(old);
        fixture.platform.endTickets();
        wallet.balance();
        assertThat(fixture.reports).singleElement().asString().contains("was refused");

        Rialto restarted = fixture.client(Rialto.builder()
                .app("wallet")
                .gateways(fixture.platform.gateways())
                .serverKeys(List.of(old))
                .storage(storage));
        assertThat(restarted.service(WalletService.class).balance().amount()).isEqualTo("9.45");
    }

    @Test
    void a_device_that_pins_only_a_key_that_ended_says_so() {
        RialtoBuilder pinsOld = fixture.phone();
        fixture.platform.endKey(fixture.platform.serverKey());
        assertThatThrownBy(() ->
                        fixture.client(pinsOld).service(WalletService.class).balance())
                .isInstanceOfSatisfying(CallException.class, e -> {
                    assertThat(e.reason()).isEqualTo("unknown_server_key");
                    assertThat(e.dispatched()).isEqualTo(Dispatched.NO);
                });
    }

    @Test
    void secrets_are_in_no_text() {
        Storage storage = new InMemoryStorage();
        Rialto client = fixture.client(fixture.phone().storage(storage));
        client.service(WalletService.class).balance();
        assertThat(client.toString()).isEqualTo("Rialto client of wallet");
        assertThat(fixture.phone().toString()).doesNotContain("key");
        assertThat(fixture.reports).isEmpty();
    }

    @Test
    void a_refused_seal_is_tried_once_in_a_new_session() {
        WalletService wallet = fixture.wallet();
        fixture.platform.inject(Fixture.BALANCE, new Fault.Refuse(Reason.TAMPERED_BODY));
        wallet.balance();
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isEqualTo(2);
        fixture.platform.inject(
                Fixture.BALANCE, new Fault.Refuse(Reason.TAMPERED_BODY), new Fault.Refuse(Reason.TAMPERED_BODY));
        assertThatThrownBy(wallet::balance)
                .isInstanceOfSatisfying(
                        CallException.class, e -> assertThat(e.reason()).isEqualTo("tampered_body"));
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isEqualTo(3);
    }
}
