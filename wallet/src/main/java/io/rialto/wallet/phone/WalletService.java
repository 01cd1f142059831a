package io.rialto.wallet.phone;

import com.google.protobuf.MessageLite;
import io.rialto.client.CallOptions;
import io.rialto.protocol.Operation;
import io.rialto.wallet.api.BalanceAnswer;
import io.rialto.wallet.api.BalanceRequest;
import io.rialto.wallet.api.ChargeRequest;
import io.rialto.wallet.api.ClaimAnswer;
import io.rialto.wallet.api.ClaimRequest;
import io.rialto.wallet.api.HistoryAnswer;
import io.rialto.wallet.api.HistoryRequest;
import io.rialto.wallet.api.LoginAnswer;
import io.rialto.wallet.api.LoginRequest;
import io.rialto.wallet.api.OpenAnswer;
import io.rialto.wallet.api.OpenRequest;
import io.rialto.wallet.api.ShowAnswer;
import io.rialto.wallet.api.ShowRequest;
import io.rialto.wallet.api.TransferAnswer;
import io.rialto.wallet.api.TransferRequest;

/** The wallet as a phone calls it. */
interface WalletService {
    @Operation(value = "wallet.Directory/Claim", idempotent = true)
    ClaimAnswer claim(ClaimRequest request);

    @Operation("wallet.Account/Open")
    OpenAnswer open(OpenRequest request, CallOptions options);

    @Operation("wallet.Session/Login")
    LoginAnswer login(LoginRequest request, CallOptions options);

    @Operation(value = "wallet.Balance/Get", idempotent = true)
    BalanceAnswer balance(BalanceRequest request);

    @Operation(value = "wallet.History/List", idempotent = true)
    HistoryAnswer history(HistoryRequest request);

    @Operation("wallet.Transfer/Create")
    TransferAnswer transfer(TransferRequest request, CallOptions options);

    @Operation(value = "wallet.PaymentCode/Show", idempotent = true)
    ShowAnswer show(ShowRequest request);

    @Operation("wallet.PaymentCode/Charge")
    TransferAnswer charge(ChargeRequest request, CallOptions options);

    /** Of every message above, for the codec. */
    static MessageLite[] messages() {
        return new MessageLite[] {
            ClaimRequest.getDefaultInstance(), ClaimAnswer.getDefaultInstance(),
            OpenRequest.getDefaultInstance(), OpenAnswer.getDefaultInstance(),
            LoginRequest.getDefaultInstance(), LoginAnswer.getDefaultInstance(),
            BalanceRequest.getDefaultInstance(), BalanceAnswer.getDefaultInstance(),
            HistoryRequest.getDefaultInstance(), HistoryAnswer.getDefaultInstance(),
            TransferRequest.getDefaultInstance(), TransferAnswer.getDefaultInstance(),
            ShowRequest.getDefaultInstance(), ShowAnswer.getDefaultInstance(),
            ChargeRequest.getDefaultInstance()
        };
    }
}
