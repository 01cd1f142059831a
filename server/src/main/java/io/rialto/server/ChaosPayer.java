package io.rialto.server;

import io.rialto.client.Answer;
import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.FileStorage;
import io.rialto.client.Rialto;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.client.inbox.StoredMessages;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.Code;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A user of the wallet with the real SDK, who pays others and asks for the balance, one call after the other. */
final class ChaosPayer implements AutoCloseable {
    private static final OperationName PAY = OperationName.of("wallet.Transfer/Create");
    private static final OperationName BALANCE = OperationName.of("wallet.Balance/Get");
    private static final String PIN = "246810";
    private static final Duration CALL = Duration.ofSeconds(3);
    private static final int THINK_MILLIS = 120;
    private static final int AGAIN_MILLIS = 200;
    private static final int PAY_PERCENT = 60;
    private static final int MAX_AMOUNT = 90;
    private static final int KEPT = 500;
    private static final String TOPIC = "payments";

    /** What a run has for all of them. */
    record Scene(ChaosCells cells, ChaosHistory history, CountDownLatch stopping, CountDownLatch over) {}

    private final Scene scene;
    private final int number;
    private final Random random;
    private final Rialto client;
    private final List<Long> received = new ArrayList<>();
    private String user = "";
    private int taken;

    ChaosPayer(Scene scene, int number, Random random) {
        this.scene = scene;
        this.number = number;
        this.random = random;
        List<URI> gateways = new ArrayList<>(scene.cells().gateways());
        Collections.rotate(gateways, number);
        this.client = Rialto.builder()
                .app(ChaosCells.APP)
                .gateways(gateways)
                .serverKeys(scene.cells().serverKeys())
                .trust(scene.cells().authority())
                .storage(new FileStorage(scene.cells().data().folder("phones", Integer.toString(number))))
                .reporter(told -> scene.history()
                        .add(new ChaosEvent.Phone(System.currentTimeMillis(), "phone " + number + ": " + told)))
                .inbox(InboxSettings.none()
                        .directory(scene.cells().data().folder("inboxes", Integer.toString(number)))
                        .appVersion("1.0.0.0"))
                .build();
    }

    String user() {
        return user;
    }

    /** Opens an account and logs in; tries again until the cells serve, or the patience is over. */
    void begin(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                beginOnce();
                return;
            } catch (CallException | JsonException e) {
                if (System.nanoTime() > end) {
                    throw new CommandFailure("phone " + number + " has no account after " + patience.toSeconds()
                            + " s: " + e.getMessage() + "; the logs are in "
                            + scene.cells().data().path("logs"));
                }
                TimeUnit.MILLISECONDS.sleep(AGAIN_MILLIS);
            }
        }
    }

    private void beginOnce() throws JsonException {
        ObjectNode claim = message().put("handle", "chaos" + number);
        user = call(OperationName.of("wallet.Directory/Claim"), claim, CallOptions.NONE)
                .path("uid")
                .asString("");
        ObjectNode account = message().put("uid", user).put("pin", PIN);
        CallOptions here = CallOptions.NONE.routeHint(user);
        try {
            call(OperationName.of("wallet.Account/Open"), account, here);
        } catch (CallException e) {
            // An answer that was lost on the way: the account is there.
            if (!e.reason().equals("account_open")) {
                throw e;
            }
        }
        call(OperationName.of("wallet.Session/Login"), account, here);
        StoredMessages payments = client.inbox().stored(TOPIC);
        payments.onChange(() -> take(payments));
        client.inbox().start();
    }

    /** Remembers which messages came, in the order in which they did, and puts them away now and then, as an app does. */
    private synchronized void take(StoredMessages payments) {
        List<InboxMessage> all = payments.all();
        for (InboxMessage message : all.subList(taken, all.size())) {
            received.add(message.sequence());
            taken++;
        }
        if (taken >= KEPT) {
            try {
                for (InboxMessage message : all) {
                    payments.remove(message);
                    taken--;
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The sequences of the messages that came, in that order. */
    synchronized List<Long> received() {
        return List.copyOf(received);
    }

    /** Pays and asks until it is told to stop; whether the last payment was answered too. */
    boolean run(List<String> users) throws InterruptedException {
        int count = 0;
        while (!scene.stopping().await(random.nextInt(THINK_MILLIS), TimeUnit.MILLISECONDS)) {
            String key = number + "-" + count++;
            String payee = users.get(random.nextInt(users.size()));
            if (payee.equals(user) || random.nextInt(100) >= PAY_PERCENT) {
                ask(key);
            } else if (!pay(key, payee, random.nextLong(1, MAX_AMOUNT))) {
                return false;
            }
        }
        return true;
    }

    private void ask(String key) {
        scene.history().add(new ChaosEvent.Asking(System.currentTimeMillis(), user, key));
        try {
            JsonNode answer = call(BALANCE, message(), CallOptions.NONE.timeout(CALL));
            scene.history()
                    .add(new ChaosEvent.Told(
                            System.currentTimeMillis(),
                            user,
                            key,
                            answer.path("balanceMinor").asLong(0)));
        } catch (CallException | JsonException e) {
            failed(key, e);
        }
    }

    private boolean pay(String key, String payee, long amount) throws InterruptedException {
        ObjectNode order = message()
                .put("toUid", payee)
                .put("amountMinor", amount)
                .put("currency", "EUR")
                .put("note", key);
        CallOptions options = CallOptions.NONE.idempotencyKey(key).timeout(CALL);
        scene.history().add(new ChaosEvent.Paying(System.currentTimeMillis(), user, key, payee, amount));
        do {
            try {
                JsonNode answer = call(PAY, order, options);
                scene.history()
                        .add(new ChaosEvent.Paid(
                                System.currentTimeMillis(),
                                user,
                                key,
                                answer.path("id").asString(""),
                                answer.path("state").asString("").equals("DONE")));
                return true;
            } catch (CallException e) {
                failed(key, e);
                if (e.code() == Code.FAILED_PRECONDITION) {
                    // Nobody can say whether an earlier try was done: the check takes it for either.
                    return true;
                }
            } catch (JsonException e) {
                failed(key, e);
            }
        } while (!scene.over().await(random.nextInt(AGAIN_MILLIS), TimeUnit.MILLISECONDS));
        return false;
    }

    private void failed(String key, Exception failure) {
        String reason = failure instanceof CallException call
                ? call.reason().isEmpty() ? call.code().wireName() : call.reason()
                : failure.getClass().getSimpleName();
        scene.history().add(new ChaosEvent.Failed(System.currentTimeMillis(), user, key, reason));
    }

    private JsonNode call(OperationName operation, ObjectNode message, CallOptions options) throws JsonException {
        Answer answer = client.call(
                operation,
                "application/json",
                Json.write(message).getBytes(StandardCharsets.UTF_8),
                !operation.equals(PAY),
                options);
        return Json.read(answer.body());
    }

    private static ObjectNode message() {
        return Json.mapper().createObjectNode();
    }

    @Override
    public void close() {
        client.close();
    }
}
