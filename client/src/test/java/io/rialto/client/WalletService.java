package io.rialto.client;

import io.rialto.protocol.Operation;
import java.util.concurrent.CompletableFuture;

/** A small service, as an app declares one. */
interface WalletService {
    @Operation(value = "wallet.Balance/Get", idempotent = true)
    Balance balance(CallOptions options);

    @Operation(value = "wallet.Balance/Get", idempotent = true)
    Balance balance();

    @Operation(value = "wallet.Balance/Get", idempotent = true)
    CompletableFuture<Balance> balanceLater();

    @Operation("wallet.Transfer/Create")
    Transfer transfer(Transfer transfer);

    @Operation("wallet.Transfer/Create")
    Transfer transfer(Transfer transfer, CallOptions options);

    @Operation("wallet.Login/Create")
    Balance login(Login login);

    record Balance(String amount) {}

    record Transfer(String to, java.math.BigDecimal amount) {}

    record Login(String user) {}
}
