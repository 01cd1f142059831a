package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.WalletService.Login;
import io.rialto.client.fake.FakeAnswer;
import io.rialto.client.fake.FakeCall;
import io.rialto.client.fake.Fault;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CellTest {
    private final Fixture fixture = new Fixture("east", "west");
    private final Storage storage = new InMemoryStorage();

    @AfterEach
    void close() {
        fixture.close();
    }

    private WalletService phone() {
        return fixture.client(fixture.phone().storage(storage).clock(new TestClock()))
                .service(WalletService.class);
    }

    private String lastArrivedAt() {
        List<FakeCall> handled = fixture.platform.handled();
        return handled.get(handled.size() - 1).arrivedAt();
    }

    @Test
    void a_users_calls_go_to_the_users_cell_once_it_is_known_and_after_a_restart() {
        fixture.platform.place("61", "west");
        WalletService wallet = phone();
        wallet.login(new Login("61"));
        assertThat(lastArrivedAt()).isEqualTo("east");
        wallet.balance();
        assertThat(lastArrivedAt()).isEqualTo("west");
        phone().balance();
        assertThat(lastArrivedAt()).isEqualTo("west");
    }

    @Test
    void the_client_says_whose_gateway_it_calls() {
        fixture.platform.place("61", "west");
        Rialto client = fixture.client();
        assertThat(client.cell()).isNull();
        WalletService wallet = client.service(WalletService.class);
        wallet.login(new Login("7"));
        assertThat(client.cell()).isEqualTo("east");
        wallet.login(new Login("61"));
        wallet.balance();
        assertThat(client.cell()).isEqualTo("west");
    }

    @Test
    void a_cell_that_is_gone_is_passed_over_for_the_boot_addresses() {
        fixture.platform.place("61", "west");
        WalletService wallet = phone();
        wallet.login(new Login("61"));
        wallet.balance();
        fixture.platform.stop("west");
        // a read may be lost on the connection that was open, and finds its way all the same
        wallet.balance();
        assertThat(lastArrivedAt()).isEqualTo("east");
        wallet.transfer(new WalletService.Transfer("1", java.math.BigDecimal.ONE));
        assertThat(lastArrivedAt()).isEqualTo("east");
    }

    @Test
    void a_write_finds_its_way_past_an_address_that_refuses_connections() {
        fixture.platform.stop("west");
        WalletService wallet = fixture.client(fixture.phone()
                        .gateways(List.of(fixture.platform.gateway("west"), fixture.platform.gateway("east")))
                        .clock(new TestClock()))
                .service(WalletService.class);
        wallet.transfer(new WalletService.Transfer("1", java.math.BigDecimal.ONE));
        assertThat(lastArrivedAt()).isEqualTo("east");
    }

    @Test
    void a_hint_at_a_cell_that_is_gone_does_not_fail_the_next_write() {
        fixture.platform.place("61", "west");
        WalletService wallet = phone();
        wallet.login(new Login("61"));
        fixture.platform.stop("west");
        wallet.transfer(new WalletService.Transfer("1", java.math.BigDecimal.ONE));
        assertThat(lastArrivedAt()).isEqualTo("east");
    }

    @Test
    void a_user_who_moves_is_followed() {
        fixture.platform.place("61", "west");
        WalletService wallet = phone();
        wallet.login(new Login("61"));
        wallet.balance();
        fixture.platform.place("61", "east");
        wallet.balance();
        assertThat(lastArrivedAt()).isEqualTo("west");
        wallet.balance();
        assertThat(lastArrivedAt()).isEqualTo("east");
    }

    @Test
    void older_knowledge_is_not_taken() {
        fixture.platform.place("61", "west");
        fixture.platform.epoch(5);
        WalletService wallet = phone();
        wallet.login(new Login("61"));
        String old = "east;shard=61;epoch=4;at=" + fixture.platform.gateway("east");
        fixture.platform.inject(
                Fixture.BALANCE, new Fault.Answer(FakeAnswer.json("{}").with(HeaderNames.CELL, old)));
        wallet.balance();
        wallet.balance();
        assertThat(lastArrivedAt()).isEqualTo("west");
    }

    @Test
    void a_sealed_call_takes_no_hint_in_the_clear() {
        WalletService wallet = phone();
        String west = "west;shard=61;epoch=4;at=" + fixture.platform.gateway("west");
        fixture.platform.inject(Fixture.BALANCE, new Fault.RefuseWith(Reason.OVERLOADED, HeaderNames.CELL, west));
        wallet.balance();
        wallet.balance();
        assertThat(lastArrivedAt()).isEqualTo("east");
    }

    @Test
    void logout_forgets_the_cell() {
        fixture.platform.place("61", "west");
        Rialto client = fixture.client(fixture.phone().storage(storage));
        WalletService wallet = client.service(WalletService.class);
        wallet.login(new Login("61"));
        client.logout();
        wallet.balance();
        assertThat(lastArrivedAt()).isEqualTo("east");
    }

    @Test
    void a_hint_takes_no_client_off_tls() {
        List<String> reports = new ArrayList<>();
        Kept kept = new Kept(storage, "wallet", reports::add);
        URI boot = URI.create("https://boot:1");
        Gateways gateways = new Gateways(List.of(boot), kept, Clock.system());
        gateways.learn("west;shard=1;epoch=1;at=http://west:1");
        assertThat(gateways.choose()).isEqualTo(boot);
        assertThat(reports).hasSize(1);
        gateways.learn("west;shard=1;epoch=1;at=https://west:1");
        assertThat(gateways.choose()).isEqualTo(URI.create("https://west:1"));
    }

    @Test
    void a_gateway_that_failed_is_tried_again_after_a_pause() {
        TestClock clock = new TestClock();
        URI first = URI.create("https://a:1");
        URI second = URI.create("https://b:1");
        Gateways gateways = new Gateways(List.of(first, second), new Kept(storage, "wallet", Reporter.none()), clock);
        gateways.failed(first);
        assertThat(gateways.choose()).isEqualTo(second);
        clock.advanceMillis(1000);
        gateways.failed(second);
        assertThat(gateways.choose()).as("the one that failed longest ago").isEqualTo(first);
        clock.advanceMillis(4500);
        assertThat(gateways.choose()).isEqualTo(first);
        gateways.failed(first);
        gateways.networkChanged();
        assertThat(gateways.choose()).isEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "west",
                "west;shard=1;epoch=1",
                "west;shard=x;epoch=1;at=https://a:1",
                "west;shard=1;epoch=1;at=https://user@a:1",
                "west;shard=1;epoch=1;at=https://a:1/path",
                "west;shard=1;epoch=1;at=ftp://a:1",
                "west;shard=1;epoch=99999999999999999999;at=https://a:1"
            })
    void what_is_no_hint_is_refused(String text) {
        assertThat(CellHint.parse(text)).isNull();
    }
}
