package io.rialto.client;

import io.rialto.client.fake.FakeAnswer;
import io.rialto.client.fake.FakePlatform;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A fake platform with a wallet behind it, and phones of it. */
final class Fixture implements AutoCloseable {
    static final String BALANCE = "/wallet.Balance/Get";
    static final String TRANSFER = "/wallet.Transfer/Create";
    static final String HANDSHAKE = "/rialto.Seal/Open";
    static final String ENROL = "/rialto.Device/Enrol";

    final FakePlatform platform;
    final List<String> reports = new CopyOnWriteArrayList<>();
    final List<String> ended = new CopyOnWriteArrayList<>();
    private final List<Rialto> clients = new ArrayList<>();

    Fixture(String... cells) {
        try {
            platform = FakePlatform.start(cells);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        platform.handle("wallet.Balance/Get", call -> FakeAnswer.json("{\"amount\":\"9.45\"}"));
        platform.handle("wallet.Transfer/Create", call -> FakeAnswer.json(call.text()));
        platform.handle(
                "wallet.Login/Create",
                call -> FakeAnswer.login(call.text().replaceAll("[^0-9]", ""), "{\"amount\":\"0\"}"));
    }

    /** Settings of a phone that knows the first cell's gateway. */
    RialtoBuilder phone() {
        return Rialto.builder()
                .app("wallet")
                .gateways(List.of(platform.gateways().get(0)))
                .serverKeys(List.of(platform.serverKey()))
                .timeout(Duration.ofSeconds(20))
                .tryTimeout(Duration.ofSeconds(10))
                .reporter(reports::add)
                .sessionListener(new SessionListener() {
                    @Override
                    public void loggedIn() {}

                    @Override
                    public void ended(String reason) {
                        ended.add(reason);
                    }
                });
    }

    Rialto client() {
        return client(phone());
    }

    Rialto client(RialtoBuilder settings) {
        Rialto client = settings.build();
        clients.add(client);
        return client;
    }

    WalletService wallet() {
        return client().service(WalletService.class);
    }

    @Override
    public void close() {
        clients.forEach(Rialto::close);
        platform.close();
    }
}
