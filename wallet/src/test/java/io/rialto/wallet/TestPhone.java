package io.rialto.wallet;

import io.rialto.wallet.api.BalanceAnswer;
import io.rialto.wallet.api.BalanceRequest;
import io.rialto.wallet.api.ClaimAnswer;
import io.rialto.wallet.api.ClaimRequest;
import io.rialto.wallet.api.LoginAnswer;
import io.rialto.wallet.api.LoginRequest;
import io.rialto.wallet.api.OpenAnswer;
import io.rialto.wallet.api.OpenRequest;
import io.rialto.wallet.api.TransferAnswer;
import io.rialto.wallet.api.TransferRequest;

/** A device with an account, as the test's gateways present it. */
final class TestPhone {
    static final String PIN = "123456";

    final TestCells cells;
    final String device;
    final String uid;

    private TestPhone(TestCells cells, String device, String uid) {
        this.cells = cells;
        this.device = device;
        this.uid = uid;
    }

    static TestPhone open(TestCells cells, String handle) throws Exception {
        TestPhone phone = claim(cells, handle);
        phone.open(phone.uid);
        return phone;
    }

    static TestPhone claim(TestCells cells, String handle) throws Exception {
        String device = "device-" + handle;
        ClaimRequest claim = ClaimRequest.newBuilder().setHandle(handle).build();
        String uid = cells.call(
                        "wallet.Directory/Claim", device, null, null, null, claim, ClaimAnswer.getDefaultInstance())
                .getUid();
        return new TestPhone(cells, device, uid);
    }

    void open(String route) throws Exception {
        OpenRequest open = OpenRequest.newBuilder().setUid(uid).setPin(PIN).build();
        cells.call("wallet.Account/Open", device, null, route, null, open, OpenAnswer.getDefaultInstance());
    }

    String cell() {
        return cells.cellOf(uid);
    }

    LoginAnswer login(String pin) throws Exception {
        LoginRequest request = LoginRequest.newBuilder().setUid(uid).setPin(pin).build();
        return cells.call("wallet.Session/Login", device, null, uid, null, request, LoginAnswer.getDefaultInstance());
    }

    long balance() throws Exception {
        return cells.call(
                        "wallet.Balance/Get",
                        device,
                        uid,
                        uid,
                        null,
                        BalanceRequest.getDefaultInstance(),
                        BalanceAnswer.getDefaultInstance())
                .getBalanceMinor();
    }

    TransferAnswer pay(String payee, long amountMinor, String key) throws Exception {
        TransferRequest request = TransferRequest.newBuilder()
                .setToUid(payee)
                .setAmountMinor(amountMinor)
                .setCurrency("EUR")
                .build();
        return cells.call(
                "wallet.Transfer/Create", device, uid, uid, key, request, TransferAnswer.getDefaultInstance());
    }
}
