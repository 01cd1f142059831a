package io.rialto.wallet;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Operation;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.wallet.api.BalanceAnswer;
import io.rialto.wallet.api.BalanceRequest;
import io.rialto.wallet.api.HistoryAnswer;
import io.rialto.wallet.api.HistoryEntry;
import io.rialto.wallet.api.HistoryRequest;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** What a user reads of their own account. */
final class Statements {
    private static final int DEFAULT_PAGE = 20;
    private static final int MAX_PAGE = 100;

    private final FencedTransactions transactions;

    Statements(FencedTransactions transactions) {
        this.transactions = transactions;
    }

    @Operation(value = "wallet.Balance/Get", idempotent = true)
    BalanceAnswer balance(BalanceRequest request, Caller caller) {
        String uid = Refusals.user(caller);
        return transactions
                .read(
                        caller,
                        sql -> sql.sql("SELECT balance, currency FROM wallet.account WHERE shard = ? AND uid = ?")
                                .params(caller.shard(), uid)
                                .query((row, n) -> BalanceAnswer.newBuilder()
                                        .setBalanceMinor(row.getLong("balance"))
                                        .setCurrency(row.getString("currency"))
                                        .build())
                                .optional())
                .orElseThrow(() -> new OperationException(
                        Code.NOT_FOUND, "no_account", "account: none (expected: an account that was opened)"));
    }

    @Operation(value = "wallet.History/List", idempotent = true)
    HistoryAnswer history(HistoryRequest request, Caller caller) {
        String uid = Refusals.user(caller);
        int page = request.getPageSize() == 0 ? DEFAULT_PAGE : request.getPageSize();
        if (page < 1 || page > MAX_PAGE) {
            throw Refusals.invalid("invalid_page", "page_size: " + page + " (expected: 1.." + MAX_PAGE + ")");
        }
        if (request.getBefore() < 0) {
            throw Refusals.invalid("invalid_page", "before: " + request.getBefore() + " (expected: 0 or more)");
        }
        long before = request.getBefore() == 0 ? Long.MAX_VALUE : request.getBefore();
        List<HistoryEntry> entries = transactions.read(
                caller,
                sql -> sql.sql("""
                SELECT sequence, transfer, leg, other_uid, amount, balance, note, made_at FROM wallet.entry
                WHERE shard = ? AND uid = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?""")
                        .params(caller.shard(), uid, before, page)
                        .query((row, n) -> entry(row))
                        .list());
        // Sequences count from 1 without a gap, so the last page is known by its end.
        long last = entries.isEmpty() ? 0 : entries.getLast().getSequence();
        return HistoryAnswer.newBuilder()
                .addAllEntries(entries)
                .setNext(last > 1 ? last : 0)
                .build();
    }

    private static HistoryEntry entry(ResultSet row) throws SQLException {
        return HistoryEntry.newBuilder()
                .setSequence(row.getLong("sequence"))
                .setTransfer(row.getString("transfer"))
                .setLeg(row.getString("leg"))
                .setOtherUid(row.getString("other_uid"))
                .setAmountMinor(row.getLong("amount"))
                .setBalanceMinor(row.getLong("balance"))
                .setNote(row.getString("note"))
                .setTimeMs(row.getTimestamp("made_at").getTime())
                .build();
    }
}
