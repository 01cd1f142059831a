package io.rialto.wallet.phone;

import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.Rialto;
import io.rialto.wallet.api.BalanceRequest;
import io.rialto.wallet.api.ChargeRequest;
import io.rialto.wallet.api.ClaimRequest;
import io.rialto.wallet.api.HistoryRequest;
import io.rialto.wallet.api.LoginRequest;
import io.rialto.wallet.api.OpenRequest;
import io.rialto.wallet.api.ShowRequest;
import io.rialto.wallet.api.TransferRequest;
import java.util.UUID;

/** One simulated phone. Any thread may use it once it has begun. */
final class Phone implements AutoCloseable {
    private static final String CURRENCY = "EUR";

    private final Rialto client;
    private final WalletService wallet;
    private final String pin;
    private String uid = "";

    Phone(Rialto client, String pin) {
        this.client = client;
        this.wallet = client.service(WalletService.class);
        this.pin = pin;
    }

    String uid() {
        return uid;
    }

    /** Claims, opens and logs in; enrolment and the handshake are the SDK's. */
    void begin(String handle) {
        uid = wallet.claim(ClaimRequest.newBuilder().setHandle(handle).build()).getUid();
        CallOptions hint = CallOptions.NONE.routeHint(uid);
        try {
            wallet.open(OpenRequest.newBuilder().setUid(uid).setPin(pin).build(), hint);
        } catch (CallException e) {
            // An answer that was lost on the way: the account is there.
            if (!e.reason().equals("account_open")) {
                throw e;
            }
        }
        wallet.login(LoginRequest.newBuilder().setUid(uid).setPin(pin).build(), hint);
    }

    /** Whose gateway it calls; "none" before the first answer. */
    String cell() {
        String cell = client.cell();
        return cell == null ? "none" : cell;
    }

    long balance() {
        return wallet.balance(BalanceRequest.getDefaultInstance()).getBalanceMinor();
    }

    /** How many entries came. */
    int history() {
        return wallet.history(HistoryRequest.newBuilder().setPageSize(20).build())
                .getEntriesCount();
    }

    /** The id of the transfer. */
    String pay(String payee, long amountMinor) {
        TransferRequest request = TransferRequest.newBuilder()
                .setToUid(payee)
                .setAmountMinor(amountMinor)
                .setCurrency(CURRENCY)
                .setNote("coffee")
                .build();
        return wallet.transfer(request, key()).getId();
    }

    String code() {
        return wallet.show(ShowRequest.getDefaultInstance()).getCode();
    }

    /** The id of the transfer. */
    String charge(String payer, String code, long amountMinor) {
        ChargeRequest request = ChargeRequest.newBuilder()
                .setCode(code)
                .setAmountMinor(amountMinor)
                .setCurrency(CURRENCY)
                .build();
        return wallet.charge(request, key().routeHint(payer)).getId();
    }

    private static CallOptions key() {
        return CallOptions.NONE.idempotencyKey(UUID.randomUUID().toString());
    }

    @Override
    public void close() {
        client.close();
    }
}
