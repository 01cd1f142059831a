package io.rialto.wallet;

import io.rialto.wallet.TestCells.Refused;
import io.rialto.wallet.api.TransferAnswer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Orders one transfer after the other, each under its key until it is answered, and writes down what it was promised. */
final class Payer {
    private static final long MAX_AMOUNT = 50;
    private static final long BETWEEN_TRIES_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** Longer than any process of the test needs to come back. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** @param id that the wallet gave */
    record Promise(String id, String payer, String payee, long amount) {}

    private final TestPhone phone;
    private final List<String> payees;
    private final Random random;
    private final AtomicInteger acknowledged;

    /** @param acknowledged counts the promises of all payers */
    Payer(TestPhone phone, List<String> payees, Random random, AtomicInteger acknowledged) {
        this.phone = phone;
        this.payees = payees;
        this.random = random;
        this.acknowledged = acknowledged;
    }

    /** Every order that it began has been answered when it returns. */
    List<Promise> pay(BooleanSupplier more) throws Exception {
        List<Promise> promises = new ArrayList<>();
        while (more.getAsBoolean()) {
            String payee = payees.get(random.nextInt(payees.size()));
            if (!payee.equals(phone.uid)) {
                promises.add(order(payee, random.nextLong(1, MAX_AMOUNT), "key-" + promises.size()));
                acknowledged.incrementAndGet();
            }
        }
        return promises;
    }

    private Promise order(String payee, long amount, String key) throws InterruptedException {
        long begun = System.nanoTime();
        while (true) {
            try {
                TransferAnswer answer = phone.pay(payee, amount, key);
                return new Promise(answer.getId(), phone.uid, payee, amount);
            } catch (IOException | Refused e) {
                // Nobody knows whether it was done: the same key again.
                if (System.nanoTime() - begun > PATIENCE_NANOS) {
                    throw new AssertionError(key + " of " + phone.uid + " is not answered", e);
                }
                LockSupport.parkNanos(BETWEEN_TRIES_NANOS);
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }
}
