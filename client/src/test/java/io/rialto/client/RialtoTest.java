package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.WalletService.Login;
import io.rialto.client.WalletService.Transfer;
import io.rialto.client.fake.FakeAnswer;
import io.rialto.client.fake.FakeCall;
import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class RialtoTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void calls_by_an_interface() throws Exception {
        WalletService wallet = fixture.wallet();
        assertThat(wallet.balance().amount()).isEqualTo("9.45");
        assertThat(wallet.balanceLater().get(10, TimeUnit.SECONDS).amount()).isEqualTo("9.45");
        BigDecimal exact = new BigDecimal("90071992547409931.10");
        assertThat(wallet.transfer(new Transfer("42", exact)).amount()).isEqualTo(exact);
        assertThat(wallet.toString()).contains("WalletService");
        assertThat(fixture.platform.requests(Fixture.HANDSHAKE)).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(Protection.class)
    void each_protection_reaches_the_backend(Protection protection) {
        WalletService wallet = fixture.wallet();
        assertThat(wallet.balance(CallOptions.NONE.protection(protection)).amount())
                .isEqualTo("9.45");
        FakeCall call = fixture.platform.handled().get(0);
        assertThat(call.device() == null).isEqualTo(protection == Protection.PLAIN);
        assertThat(fixture.platform.counters()).hasSize(protection == Protection.SEALED ? 1 : 0);
    }

    @Test
    void second_suite_works() {
        fixture.platform.rotateKey(2);
        assertThat(fixture.wallet().balance().amount()).isEqualTo("9.45");
    }

    @Test
    void tells_all_mistakes_of_its_settings_at_once() {
        assertThatThrownBy(() -> Rialto.builder()
                        .app("Wallet!")
                        .gateways(List.of(URI.create("ftp://x"), URI.create("https://a/path")))
                        .timeout(Duration.ZERO)
                        .trust(Path.of("/nowhere/ca.pem"))
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "app:",
                        "ftp://x",
                        "https://a/path",
                        "timeout:",
                        "/nowhere/ca.pem",
                        "gateways:",
                        "server keys:");
    }

    @Test
    void refuses_interfaces_that_are_no_services() {
        Rialto client = fixture.client();
        assertThatThrownBy(() -> client.service(Wrong.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("bare", "twice", "badName");
        assertThatThrownBy(() -> client.service(String.class)).hasMessageContaining("interface");
    }

    interface Wrong {
        String bare();

        @io.rialto.protocol.Operation("a.B/C")
        String twice(String one, String two);

        @io.rialto.protocol.Operation("nothing")
        String badName();
    }

    @Test
    void a_backends_error_says_that_it_is_one() {
        fixture.platform.handle(
                "wallet.Transfer/Create", call -> FakeAnswer.error(Code.FAILED_PRECONDITION, "no_money", "9 < 10"));
        assertThatThrownBy(() -> fixture.wallet().transfer(new Transfer("42", BigDecimal.TEN)))
                .isInstanceOfSatisfying(CallException.class, e -> {
                    assertThat(e.code()).isEqualTo(Code.FAILED_PRECONDITION);
                    assertThat(e.reason()).isEqualTo("no_money");
                    assertThat(e.dispatched()).isEqualTo(Dispatched.YES);
                    assertThat(e.idempotencyKey()).isNotEmpty();
                    assertThat(e).hasMessageContainingAll("failed_precondition", "no_money", "9 < 10");
                });
        assertThat(fixture.platform.handled()).hasSize(1);
    }

    @Test
    void what_is_left_of_the_deadline_travels_under_the_seal() {
        fixture.wallet().balance(CallOptions.NONE.timeout(Duration.ofSeconds(5)));
        FakeCall call = fixture.platform.handled().get(0);
        assertThat(Long.parseLong(call.headers().get(HeaderNames.TIMEOUT))).isBetween(1L, 5000L);
    }

    @Test
    void options_travel_with_the_call() {
        fixture.wallet()
                .transfer(
                        new Transfer("42", BigDecimal.ONE),
                        CallOptions.NONE.idempotencyKey("k-1").routeHint("42").acceptLanguage("de"));
        assertThat(fixture.platform.handled().get(0).headers())
                .containsEntry(HeaderNames.IDEMPOTENCY_KEY, "k-1")
                .containsEntry(HeaderNames.ROUTE, "42")
                .containsEntry("accept-language", "de");
        assertThatThrownBy(() -> CallOptions.NONE.idempotencyKey("a b")).hasMessageContaining("visible ASCII");
        assertThatThrownBy(() -> CallOptions.NONE.routeHint("a\nb")).hasMessageContaining("printable ASCII");
    }

    @Test
    void a_compressed_answer_is_opened() {
        fixture.platform.handle(
                "wallet.Balance/Get",
                call -> new FakeAnswer(
                                200,
                                java.util.Map.of("content-type", "application/json"),
                                gzip("{\"amount\":\"7\"}"),
                                null)
                        .with("content-encoding", "gzip"));
        assertThat(fixture.wallet().balance().amount()).isEqualTo("7");
    }

    private static byte[] gzip(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    @Test
    void an_answer_that_is_not_the_message_is_an_error() {
        fixture.platform.handle("wallet.Balance/Get", call -> FakeAnswer.json("[1"));
        assertThatThrownBy(() -> fixture.wallet().balance())
                .isInstanceOfSatisfying(
                        CallException.class, e -> assertThat(e.code()).isEqualTo(Code.DATA_LOSS));
    }

    @Test
    void an_apps_interceptor_sees_each_call_once() {
        List<String> seen = new java.util.concurrent.CopyOnWriteArrayList<>();
        Rialto client = fixture.client(fixture.phone().interceptor((call, next) -> {
            seen.add(call.operation() + " " + call.protection());
            return next.proceed(call.withHeader("traceparent", "00-1-2-01"));
        }));
        client.service(WalletService.class).balance();
        assertThat(seen).containsExactly("wallet.Balance/Get SEALED");
        assertThat(fixture.platform.handled().get(0).headers()).containsEntry("traceparent", "00-1-2-01");
    }

    @Test
    void a_call_of_bytes_answers_bytes() {
        Answer answer = fixture.client()
                .call(
                        OperationName.of("wallet.Transfer/Create"),
                        "application/json",
                        "{\"x\":1}".getBytes(StandardCharsets.UTF_8),
                        false,
                        CallOptions.NONE);
        assertThat(new String(answer.body(), StandardCharsets.UTF_8)).isEqualTo("{\"x\":1}");
        assertThat(answer.authentic()).isTrue();
    }

    @Test
    void login_opens_a_session_of_the_user_and_logout_ends_it() {
        Storage storage = new InMemoryStorage();
        Rialto client = fixture.client(fixture.phone().storage(storage));
        WalletService wallet = client.service(WalletService.class);
        wallet.balance();
        wallet.login(new Login("100042"));
        assertThat(client.hasUser()).isTrue();
        wallet.balance();
        assertThat(fixture.platform.handled()).last().extracting(FakeCall::user).isEqualTo("100042");

        Rialto restarted = fixture.client(fixture.phone().storage(storage));
        restarted.service(WalletService.class).balance();
        assertThat(fixture.platform.handled()).last().extracting(FakeCall::user).isEqualTo("100042");
        assertThat(fixture.platform.requests(Fixture.ENROL)).isEqualTo(1);

        restarted.logout();
        restarted.service(WalletService.class).balance();
        assertThat(fixture.platform.handled()).last().extracting(FakeCall::user).isNull();
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void a_token_of_an_identity_provider_names_the_user(Protection protection) {
        Rialto client = fixture.client(fixture.phone().protection(protection).identityToken(() -> "77"));
        client.service(WalletService.class).balance();
        assertThat(fixture.platform.handled().get(0).user()).isEqualTo("77");
    }
}
