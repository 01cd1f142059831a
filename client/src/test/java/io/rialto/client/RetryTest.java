package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.WalletService.Transfer;
import io.rialto.client.fake.FakeAnswer;
import io.rialto.client.fake.FakeCall;
import io.rialto.client.fake.Fault;
import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class RetryTest {
    private static final Transfer TEN = new Transfer("42", BigDecimal.TEN);

    private final Fixture fixture = new Fixture();
    private final TestClock clock = new TestClock();
    private final WalletService wallet =
            fixture.client(fixture.phone().clock(clock)).service(WalletService.class);

    @AfterEach
    void close() {
        fixture.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"OVERLOADED", "DRAINING", "BACKEND_DOWN", "BACKEND_BUSY", "CIRCUIT_OPEN", "USER_RATE_LIMITED"})
    void what_was_not_dispatched_is_tried_again_with_one_key(Reason reason) {
        fixture.platform.inject(Fixture.TRANSFER, new Fault.Refuse(reason), new Fault.Refuse(reason));
        wallet.transfer(TEN);
        assertThat(fixture.platform.requests(Fixture.TRANSFER)).isEqualTo(3);
        assertThat(fixture.platform.handled()).hasSize(1);
        assertThat(fixture.platform.counters()).as("a new counter each time").containsExactly(3L);
    }

    @Test
    void a_write_whose_answer_is_lost_is_never_done_twice() {
        fixture.platform.inject(Fixture.TRANSFER, new Fault.DropAfter());
        assertThatThrownBy(() -> wallet.transfer(TEN)).isInstanceOfSatisfying(CallException.class, e -> {
            assertThat(e.code()).isEqualTo(Code.UNAVAILABLE);
            assertThat(e.dispatched()).isEqualTo(Dispatched.UNKNOWN);
            assertThat(e.idempotencyKey()).isNotEmpty();
        });
        assertThat(fixture.platform.requests(Fixture.TRANSFER)).isEqualTo(1);
        assertThat(fixture.platform.handled()).hasSize(1);
    }

    @Test
    void an_app_repeats_a_lost_write_with_the_failures_key() {
        fixture.platform.inject(Fixture.TRANSFER, new Fault.DropAfter());
        try {
            wallet.transfer(TEN);
        } catch (CallException e) {
            String key = e.idempotencyKey() == null ? "" : e.idempotencyKey();
            wallet.transfer(TEN, CallOptions.NONE.idempotencyKey(key));
        }
        assertThat(fixture.platform.handled())
                .hasSize(2)
                .extracting(call -> call.headers().get(HeaderNames.IDEMPOTENCY_KEY))
                .containsOnly(fixture.platform.handled().get(0).headers().get(HeaderNames.IDEMPOTENCY_KEY));
    }

    @Test
    void a_write_with_the_apps_key_is_repeated_with_that_key() {
        fixture.platform.inject(
                Fixture.TRANSFER,
                new Fault.DropAfter(),
                new Fault.Answer(FakeAnswer.refusal(Reason.BACKEND_CLOSED)),
                new Fault.Tamper());
        wallet.transfer(TEN, CallOptions.NONE.idempotencyKey("transfer-1"));
        assertThat(fixture.platform.counters()).containsExactly(1L, 2L, 3L, 4L);
        assertThat(fixture.platform.handled())
                .hasSize(3)
                .extracting(call -> call.headers().get(HeaderNames.IDEMPOTENCY_KEY))
                .containsOnly("transfer-1");
    }

    @Test
    void a_read_is_repeated() {
        fixture.platform.inject(Fixture.BALANCE, new Fault.DropBefore(), new Fault.DropAfter());
        assertThat(wallet.balance().amount()).isEqualTo("9.45");
        assertThat(fixture.platform.requests(Fixture.BALANCE)).isEqualTo(3);
    }

    @Test
    void a_backends_own_unavailable_is_repeated_for_reads_alone() {
        FakeAnswer unavailable = FakeAnswer.error(Code.UNAVAILABLE, "", "later");
        fixture.platform.inject(Fixture.BALANCE, new Fault.Answer(unavailable));
        fixture.platform.inject(Fixture.TRANSFER, new Fault.Answer(unavailable));
        assertThat(wallet.balance().amount()).isEqualTo("9.45");
        assertThatThrownBy(() -> wallet.transfer(TEN))
                .isInstanceOfSatisfying(
                        CallException.class, e -> assertThat(e.dispatched()).isEqualTo(Dispatched.YES));
        assertThat(fixture.platform.requests(Fixture.TRANSFER)).isEqualTo(1);
    }

    @Test
    void an_answer_that_is_not_the_platforms_is_never_believed() {
        fixture.platform.inject(Fixture.TRANSFER, new Fault.InTheClear(), new Fault.Tamper());
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> wallet.transfer(TEN)).isInstanceOfSatisfying(CallException.class, e -> {
                assertThat(e.code()).isEqualTo(Code.DATA_LOSS);
                assertThat(e.dispatched()).isEqualTo(Dispatched.UNKNOWN);
            });
        }
    }

    @Test
    void a_replayed_call_may_have_been_done() {
        fixture.platform.inject(Fixture.TRANSFER, new Fault.Refuse(Reason.REPLAYED_CALL));
        assertThatThrownBy(() -> wallet.transfer(TEN))
                .isInstanceOfSatisfying(
                        CallException.class, e -> assertThat(e.dispatched()).isEqualTo(Dispatched.UNKNOWN));
        assertThat(fixture.platform.requests(Fixture.TRANSFER)).isEqualTo(1);
    }

    @Test
    void waits_as_long_as_it_is_asked_to() {
        FakeAnswer limited = FakeAnswer.refusal(Reason.USER_RATE_LIMITED).with("retry-after", "7");
        fixture.platform.inject(Fixture.TRANSFER, new Fault.Answer(limited));
        wallet.transfer(TEN);
        assertThat(clock.sleptMillis).containsExactly(7000L);
    }

    @Test
    void fails_at_once_where_it_is_asked_to_wait_longer_than_it_has() {
        FakeAnswer limited = FakeAnswer.refusal(Reason.USER_RATE_LIMITED).with("retry-after", "60");
        fixture.platform.inject(Fixture.TRANSFER, new Fault.Answer(limited));
        assertThatThrownBy(() -> wallet.transfer(TEN)).isInstanceOfSatisfying(CallException.class, e -> {
            assertThat(e.reason()).isEqualTo("user_rate_limited");
            assertThat(e.retryAfter()).isEqualTo(Duration.ofSeconds(60));
            assertThat(e.dispatched()).isEqualTo(Dispatched.NO);
        });
        assertThat(clock.sleptMillis).isEmpty();
    }

    @Test
    void pauses_grow_and_differ() {
        Fault refusal = new Fault.Refuse(Reason.OVERLOADED);
        fixture.platform.inject(Fixture.BALANCE, refusal, refusal, refusal, refusal);
        assertThatThrownBy(wallet::balance).isInstanceOf(CallException.class);
        List<Long> slept = clock.sleptMillis;
        assertThat(slept).hasSize(RetryStep.MAX_TRIES - 1);
        assertThat(slept.get(0)).isBetween(50L, 100L);
        assertThat(slept.get(1)).isBetween(100L, 200L);
        assertThat(slept.get(2)).isBetween(200L, 400L);
    }

    @Test
    void tries_stay_a_fifth_of_calls_when_all_fail() {
        int calls = 100;
        for (int i = 0; i < calls * RetryStep.MAX_TRIES; i++) {
            fixture.platform.inject(Fixture.BALANCE, new Fault.Refuse(Reason.OVERLOADED));
        }
        for (int i = 0; i < calls; i++) {
            assertThatThrownBy(wallet::balance).isInstanceOf(CallException.class);
        }
        assertThat(fixture.platform.requests(Fixture.BALANCE)).isBetween(calls + 20L, calls + 30L);
    }

    @Test
    void the_deadline_covers_all_tries() {
        fixture.platform.inject(Fixture.BALANCE, new Fault.Slow(Duration.ofSeconds(30)));
        assertThatThrownBy(() -> wallet.balance(CallOptions.NONE.timeout(Duration.ofMillis(700))))
                .isInstanceOfSatisfying(CallException.class, e -> {
                    assertThat(e.code()).isEqualTo(Code.DEADLINE_EXCEEDED);
                    assertThat(e.dispatched()).isEqualTo(Dispatched.UNKNOWN);
                });
    }

    @Test
    void a_read_that_gets_no_answer_is_tried_again_within_its_time() {
        WalletService hasty = fixture.client(fixture.phone().clock(clock).tryTimeout(Duration.ofMillis(500)))
                .service(WalletService.class);
        hasty.balance();
        fixture.platform.inject(Fixture.BALANCE, new Fault.Slow(Duration.ofSeconds(30)));
        assertThat(hasty.balance().amount()).isEqualTo("9.45");
        assertThat(fixture.platform.handled()).extracting(FakeCall::operation).hasSize(3);
    }
}
