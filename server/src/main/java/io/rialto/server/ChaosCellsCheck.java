package io.rialto.server;

import io.rialto.server.ChaosBooks.Account;
import io.rialto.server.ChaosBooks.Entry;
import io.rialto.server.ChaosBooks.Message;
import io.rialto.server.ChaosFinding.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares what phones were told with what the ledgers of all cells hold in the end.
 *
 * <p>Every payment has a key of its own, which its entries carry. So it can be said of each that was acknowledged that it
 * debited its payer once, and ended once, as a credit or a refund; of each other one, that it did so once or not at all; and
 * of each entry, that somebody ordered it. Entries of an account count from 1 and add up, and there is as much money as the
 * accounts were opened with. What a user was told must fit into the one order that the account's entries have: see
 * {@link ChaosAccount}.
 */
final class ChaosCellsCheck {
    private final List<ChaosFinding> findings = new ArrayList<>();
    private final List<ChaosEvent> history;
    private final ChaosBooks books;
    private final Map<String, Payment> payments = new LinkedHashMap<>();
    private final Map<String, List<Entry>> byUser = new LinkedHashMap<>();

    /** What the history says of one payment; lines are places in it, which stand for time. */
    private static final class Payment {
        private final ChaosEvent.Paying order;
        private final int ordered;
        private int acknowledged = Integer.MAX_VALUE;
        private ChaosEvent.@Nullable Paid answer;
        private final List<Entry> debits = new ArrayList<>();
        private final List<Entry> ends = new ArrayList<>();

        Payment(ChaosEvent.Paying order, int ordered) {
            this.order = order;
            this.ordered = ordered;
        }

        @Override
        public String toString() {
            return "payment " + order.key() + " of " + order.amount() + " by " + order.user() + " to " + order.payee();
        }
    }

    private ChaosCellsCheck(List<ChaosEvent> history, ChaosBooks books) {
        this.history = history;
        this.books = books;
    }

    /**
     * What is wrong; empty where nothing is.
     *
     * @param users who opened an account
     */
    static List<ChaosFinding> findings(List<ChaosEvent> history, ChaosBooks books, List<String> users) {
        ChaosCellsCheck check = new ChaosCellsCheck(history, books);
        check.readHistory();
        users.forEach(user -> check.byUser.put(user, new ArrayList<>()));
        check.readEntries();
        check.payments.values().forEach(check::payment);
        check.accounts(users);
        check.money();
        check.messages();
        check.byUser.forEach(check::order);
        return List.copyOf(check.findings);
    }

    private void find(Kind kind, String text) {
        findings.add(new ChaosFinding(kind, text));
    }

    private void readHistory() {
        for (int line = 0; line < history.size(); line++) {
            ChaosEvent event = history.get(line);
            if (event instanceof ChaosEvent.Paying one) {
                payments.put(one.key(), new Payment(one, line));
            } else if (event instanceof ChaosEvent.Paid one) {
                acknowledge(one, line);
            }
        }
    }

    private void acknowledge(ChaosEvent.Paid answer, int line) {
        Payment payment = payments.get(answer.key());
        if (payment == null) {
            throw new IllegalArgumentException("history: key " + answer.key() + " was answered before it was ordered");
        }
        if (payment.answer == null) {
            payment.answer = answer;
            payment.acknowledged = line;
        } else if (!payment.answer.transfer().equals(answer.transfer())) {
            find(
                    Kind.DOUBLED,
                    payment + " was answered with transfer " + payment.answer.transfer() + " and with "
                            + answer.transfer());
        }
    }

    private void readEntries() {
        for (Entry entry : books.entries()) {
            byUser.computeIfAbsent(entry.user(), user -> new ArrayList<>()).add(entry);
            if (entry.leg().equals("opening")) {
                continue;
            }
            Payment payment = payments.get(entry.key());
            String owner =
                    payment == null ? "" : entry.leg().equals("credit") ? payment.order.payee() : payment.order.user();
            long amount = payment == null
                    ? 0
                    : entry.leg().equals("debit") ? -payment.order.amount() : payment.order.amount();
            if (payment == null || !owner.equals(entry.user()) || amount != entry.amount()) {
                find(Kind.DOUBLED, "nobody ordered " + entry);
            } else {
                (entry.leg().equals("debit") ? payment.debits : payment.ends).add(entry);
            }
        }
    }

    private void payment(Payment payment) {
        if (payment.debits.size() > 1) {
            find(Kind.DOUBLED, payment + " was debited " + payment.debits.size() + " times: " + payment.debits);
        }
        if (payment.ends.size() > 1) {
            find(
                    Kind.DOUBLED,
                    payment + " was credited or refunded " + payment.ends.size() + " times: " + payment.ends);
        }
        ChaosEvent.Paid answer = payment.answer;
        if (answer == null) {
            return;
        }
        if (payment.debits.stream().noneMatch(debit -> debit.transfer().equals(answer.transfer()))) {
            find(
                    Kind.LOST,
                    payment + " was acknowledged as transfer " + answer.transfer() + ", but not debited as that: "
                            + payment.debits);
        } else if (payment.ends.stream().noneMatch(end -> end.transfer().equals(answer.transfer()))) {
            find(
                    Kind.LOST,
                    payment + " was acknowledged as transfer " + answer.transfer()
                            + " and debited, but neither credited nor refunded: " + payment.ends);
        }
    }

    private void accounts(List<String> users) {
        Set<String> seen = new HashSet<>();
        for (Account account : books.accounts()) {
            if (!seen.add(account.user())) {
                find(Kind.DOUBLED, "account " + account.user() + " is in two cells");
            }
            List<Entry> entries = byUser.getOrDefault(account.user(), List.of());
            long balance = 0;
            long sequence = 0;
            for (Entry entry : entries) {
                balance += entry.amount();
                sequence++;
                if (entry.sequence() != sequence || entry.balance() != balance) {
                    find(
                            Kind.GAPS,
                            "account " + account.user() + ": " + entry + " (expected: sequence " + sequence
                                    + ", balance " + balance + ")");
                    break;
                }
            }
            if (account.sequence() != sequence || account.balance() != balance) {
                find(
                        Kind.GAPS,
                        account + ", but its entries end with sequence " + sequence + " and balance " + balance);
            }
        }
        for (String user : users) {
            if (!seen.contains(user)) {
                find(Kind.LOST, "account " + user + " was opened, and is in no cell");
            }
        }
    }

    private void money() {
        long granted = books.entries().stream()
                .filter(entry -> entry.leg().equals("opening"))
                .mapToLong(Entry::amount)
                .sum();
        long balances = books.accounts().stream().mapToLong(Account::balance).sum();
        if (granted != balances) {
            find(
                    Kind.MONEY,
                    "all balances are " + balances + " (expected: " + granted
                            + ", which the accounts were opened with)");
        }
    }

    /** Each entry but the opening has told its owner, once and in the order of the entries. */
    private void messages() {
        Map<String, List<Message>> told = new HashMap<>();
        books.messages()
                .forEach(message -> told.computeIfAbsent(message.user(), user -> new ArrayList<>())
                        .add(message));
        byUser.forEach((user, entries) -> {
            List<String> expected = entries.stream()
                    .filter(entry -> !entry.leg().equals("opening"))
                    .map(entry -> entry.transfer() + ":" + entry.leg())
                    .toList();
            List<Message> messages = told.getOrDefault(user, List.of());
            for (int i = 0; i < Math.max(expected.size(), messages.size()); i++) {
                String key = i < expected.size() ? expected.get(i) : "none";
                String there = i < messages.size() ? messages.get(i).key() : "none";
                long sequence = i < messages.size() ? messages.get(i).sequence() : i + 1;
                if (!key.equals(there) || sequence != i + 1) {
                    find(
                            Kind.GAPS,
                            "inbox of " + user + ": at " + sequence + " is " + there + " (expected: at " + (i + 1) + " "
                                    + key + ")");
                    return;
                }
            }
        });
    }

    private void order(String user, List<Entry> entries) {
        ChaosAccount account = new ChaosAccount(user);
        for (Entry entry : entries) {
            Payment payment = payments.get(entry.key());
            if (payment == null) {
                account.entry(0, Integer.MAX_VALUE, entry);
                continue;
            }
            // A credit of another cell comes when it comes; one of the same cell is there with the answer.
            boolean acknowledged = entry.leg().equals("debit")
                    || payment.answer != null
                            && payment.answer.done()
                            && entry.leg().equals("credit");
            account.entry(payment.ordered, acknowledged ? payment.acknowledged : Integer.MAX_VALUE, entry);
        }
        Map<String, Integer> asked = new HashMap<>();
        for (int line = 0; line < history.size(); line++) {
            ChaosEvent event = history.get(line);
            if (event instanceof ChaosEvent.Asking one && one.user().equals(user)) {
                asked.put(one.key(), line);
            } else if (event instanceof ChaosEvent.Told one && one.user().equals(user)) {
                account.read(asked.getOrDefault(one.key(), line), line, one.balance());
            }
        }
        account.findings().forEach(text -> find(Kind.NOT_LINEARIZABLE, text));
    }
}
