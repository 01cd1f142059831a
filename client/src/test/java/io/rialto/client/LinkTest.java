package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.WalletService.Transfer;
import io.rialto.client.http.AddressLookup;
import io.rialto.protocol.Code;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Links that fail as those of phones do. */
final class LinkTest {
    private static final Transfer TEN = new Transfer("42", BigDecimal.TEN);

    private final Fixture fixture = new Fixture();
    private final Link link = new Link(fixture.platform.gateway("east"));

    @AfterEach
    void close() throws IOException {
        fixture.close();
        link.close();
    }

    /** Settings of a phone behind the link. */
    private RialtoBuilder phone() {
        return Rialto.builder()
                .app("wallet")
                .gateways(List.of(link.uri()))
                .serverKeys(List.of(fixture.platform.serverKey()))
                .timeout(Duration.ofSeconds(20))
                .tryTimeout(Duration.ofMillis(500))
                .connectTimeout(Duration.ofSeconds(2));
    }

    @Test
    void a_read_on_a_frozen_link_is_made_on_a_new_connection() {
        WalletService wallet = fixture.client(phone()).service(WalletService.class);
        wallet.balance();
        link.freeze();
        assertThat(wallet.balance().amount()).isEqualTo("9.45");
        assertThat(fixture.platform.handled()).hasSize(2);
    }

    @Test
    void a_write_on_a_frozen_link_fails_and_the_next_one_succeeds() {
        WalletService wallet = fixture.client(phone()).service(WalletService.class);
        wallet.balance();
        link.freeze();
        assertThatThrownBy(() -> wallet.transfer(TEN, CallOptions.NONE.timeout(Duration.ofMillis(500))))
                .isInstanceOfSatisfying(CallException.class, e -> {
                    assertThat(e.code()).isEqualTo(Code.DEADLINE_EXCEEDED);
                    assertThat(e.dispatched()).isEqualTo(Dispatched.UNKNOWN);
                });
        wallet.transfer(TEN);
        assertThat(fixture.platform.requests(Fixture.TRANSFER)).isEqualTo(1);
    }

    @Test
    void after_a_change_of_network_the_first_call_succeeds() {
        Rialto client = fixture.client(phone());
        WalletService wallet = client.service(WalletService.class);
        wallet.balance();
        link.freeze();
        client.networkChanged();
        wallet.transfer(TEN, CallOptions.NONE.timeout(Duration.ofSeconds(5)));
        assertThat(link.accepted.get()).isEqualTo(2);
    }

    @Test
    void a_link_that_stays_frozen_ends_a_call_at_its_deadline() {
        link.newOnesFrozen = true;
        WalletService wallet = fixture.client(phone()).service(WalletService.class);
        assertThatThrownBy(() -> wallet.transfer(TEN, CallOptions.NONE.timeout(Duration.ofSeconds(1))))
                .isInstanceOfSatisfying(CallException.class, e -> {
                    assertThat(e.code()).isEqualTo(Code.DEADLINE_EXCEEDED);
                    assertThat(e.dispatched())
                            .as("not even a session was opened")
                            .isEqualTo(Dispatched.NO);
                });
        assertThat(fixture.platform.handled()).isEmpty();
    }

    @Test
    void nobody_at_the_address_is_unavailable_and_undone() throws IOException {
        link.close();
        WalletService wallet = fixture.client(phone().clock(new TestClock())).service(WalletService.class);
        assertThatThrownBy(() -> wallet.transfer(TEN)).isInstanceOfSatisfying(CallException.class, e -> {
            assertThat(e.code()).isEqualTo(Code.UNAVAILABLE);
            assertThat(e.dispatched()).isEqualTo(Dispatched.NO);
        });
    }

    @Test
    void a_black_hole_before_the_right_address_costs_little() throws IOException {
        URI gateway = fixture.platform.gateway("east");
        InetAddress blackHole = InetAddress.getByAddress(new byte[] {127, 0, 0, 2});
        try (ServerSocket hole = new ServerSocket(gateway.getPort(), 1, blackHole)) {
            List<SocketChannel> fillers = fill(hole);
            AddressLookup lookup = AddressLookup.pinned(
                    Map.of("gateway.test", List.of(blackHole, InetAddress.getLoopbackAddress())), host -> {
                        throw new UnknownHostException(host);
                    });
            WalletService wallet = fixture.client(Rialto.builder()
                            .app("wallet")
                            .gateways(List.of(URI.create("http://gateway.test:" + gateway.getPort())))
                            .serverKeys(List.of(fixture.platform.serverKey()))
                            .addressLookup(lookup)
                            .connectTimeout(Duration.ofSeconds(10)))
                    .service(WalletService.class);
            long start = System.nanoTime();
            assertThat(wallet.balance(CallOptions.NONE.timeout(Duration.ofSeconds(8)))
                            .amount())
                    .isEqualTo("9.45");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
            for (SocketChannel filler : fillers) {
                filler.close();
            }
        }
    }

    /** Takes all places of a socket that nobody accepts from: the kernel then drops what comes to connect. */
    private static List<SocketChannel> fill(ServerSocket hole) throws IOException {
        List<SocketChannel> fillers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            SocketChannel filler = SocketChannel.open();
            filler.configureBlocking(false);
            filler.connect(new InetSocketAddress(hole.getInetAddress(), hole.getLocalPort()));
            fillers.add(filler);
        }
        return fillers;
    }
}
