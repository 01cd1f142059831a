package io.rialto.wallet.phone;

import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.Rialto;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.StoredMessages;
import io.rialto.wallet.api.BalanceRequest;
import io.rialto.wallet.api.ChargeRequest;
import io.rialto.wallet.api.ClaimRequest;
import io.rialto.wallet.api.HistoryRequest;
import io.rialto.wallet.api.LoginRequest;
import io.rialto.wallet.api.OpenRequest;
import io.rialto.wallet.api.ShowRequest;
import io.rialto.wallet.api.TransferRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One simulated device. Any thread may use it once it has begun. */
final class Phone implements AutoCloseable {
    private static final String CURRENCY = "EUR";
    private static final String TOPIC = "payments";
    private static final JsonMapper JSON = new JsonMapper();

    private final Rialto client;
    private final WalletService wallet;
    private final String pin;
    private final String name;
    private final Received received;
    private String uid = "";

    /** Messages that were written down already. */
    private int told;

    /** @param name of the device among those of its user, for the record of what it receives */
    Phone(Rialto client, String pin, String name, Received received) {
        this.client = client;
        this.name = name;
        this.received = received;
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
        login();
    }

    /** Another device of a user who has an account. */
    void join(String owner) {
        uid = owner;
        login();
    }

    private void login() {
        wallet.login(LoginRequest.newBuilder().setUid(uid).setPin(pin).build(), CallOptions.NONE.routeHint(uid));
        received.device(uid, name);
        StoredMessages payments = client.inbox().stored(TOPIC);
        payments.onChange(() -> writeDown(payments));
        client.inbox().start();
    }

    /** The list only grows: nobody reads these phones' messages and puts them away. */
    private synchronized void writeDown(StoredMessages payments) {
        List<InboxMessage> all = payments.all();
        List<String> lines = new ArrayList<>();
        for (InboxMessage message : all.subList(told, all.size())) {
            JsonNode notice = JSON.readTree(message.payload());
            lines.add(notice.path("sequence").asLong() + " "
                    + notice.path("transfer").asString() + " "
                    + notice.path("leg").asString() + " "
                    + notice.path("amountMinor").asLong());
        }
        told = all.size();
        received.add(uid, name, lines);
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
