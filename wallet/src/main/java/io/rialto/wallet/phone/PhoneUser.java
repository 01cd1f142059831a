package io.rialto.wallet.phone;

import io.rialto.client.CallException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** What one user does with a phone: half balances, a quarter transfers, some history, some payment codes. */
final class PhoneUser {
    private static final int BALANCE_PERCENT = 50;
    private static final int HISTORY_PERCENT = 15;
    private static final int TRANSFER_PERCENT = 25;
    private static final int MAX_AMOUNT_MINOR = 500;

    private final Phone phone;
    private final List<Phone> everybody;
    private final Random random;
    private final int thinkMillis;
    private final Board board;
    private final Promises promises;

    PhoneUser(Phone phone, List<Phone> everybody, Random random, int thinkMillis, Board board, Promises promises) {
        this.phone = phone;
        this.everybody = everybody;
        this.random = random;
        this.thinkMillis = thinkMillis;
        this.board = board;
        this.promises = promises;
    }

    /** One call after the other, with some time between them, until it is over. */
    boolean live(CountDownLatch over) throws InterruptedException {
        do {
            act();
        } while (!over.await(thinkMillis / 2 + random.nextInt(thinkMillis + 1), TimeUnit.MILLISECONDS));
        return true;
    }

    private void act() {
        int dice = random.nextInt(100);
        Phone other = everybody.get(random.nextInt(everybody.size()));
        long amount = random.nextLong(1, MAX_AMOUNT_MINOR);
        if (dice < BALANCE_PERCENT || other == phone) {
            measured("wallet.Balance/Get", phone, phone::balance);
        } else if (dice < BALANCE_PERCENT + HISTORY_PERCENT) {
            measured("wallet.History/List", phone, phone::history);
        } else if (dice < BALANCE_PERCENT + HISTORY_PERCENT + TRANSFER_PERCENT) {
            measured("wallet.Transfer/Create", phone, () -> phone.pay(other.uid(), amount))
                    .ifPresent(promises::add);
        } else {
            measured("wallet.PaymentCode/Show", phone, phone::code)
                    .flatMap(code ->
                            measured("wallet.PaymentCode/Charge", other, () -> other.charge(phone.uid(), code, amount)))
                    .ifPresent(promises::add);
        }
    }

    /** The answer, where there is one. */
    private <T> Optional<T> measured(String operation, Phone caller, Supplier<T> call) {
        long begun = System.nanoTime();
        try {
            T answer = call.get();
            board.add(operation, caller.cell(), System.nanoTime() - begun, "");
            return Optional.of(answer);
        } catch (CallException e) {
            String reason = e.reason().isEmpty() ? e.code().wireName() : e.reason();
            board.add(operation, caller.cell(), System.nanoTime() - begun, reason);
            return Optional.empty();
        }
    }
}
