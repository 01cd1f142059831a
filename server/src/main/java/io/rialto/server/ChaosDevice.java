package io.rialto.server;

import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.FileStorage;
import io.rialto.client.Rialto;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.client.inbox.JournaledHandler;
import io.rialto.client.inbox.StoredKey;
import io.rialto.client.inbox.StoredMessages;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A phone of a user with the real SDK, which writes down what it applies. Every other one has a journaled handler, whose
 * transaction is a line of the history; the others keep the SDK's list.
 */
final class ChaosDevice implements AutoCloseable {
    /** The list is emptied now and then, as an app does. */
    private static final int KEPT = 500;

    /** All log in at once, on a machine that has other work, and edges turn away what would wait long. */
    private static final int LOGIN_TRIES = 30;

    private static final long LOGIN_PAUSE_NANOS = 500_000_000;

    private final ChaosCell cell;
    private final int number;
    private final String user;
    private final Path folder;
    private final ChaosHistory history;
    private final Map<String, String> keys = new HashMap<>();
    private int told;
    private long applied;
    private volatile @Nullable Rialto client;

    ChaosDevice(ChaosCell cell, int number, String user, Path folder, ChaosHistory history) {
        this.cell = cell;
        this.number = number;
        this.user = user;
        this.folder = folder;
        this.history = history;
    }

    String name() {
        return "d" + number;
    }

    String user() {
        return user;
    }

    /** The highest sequence that it has applied. */
    synchronized long applied() {
        return applied;
    }

    /** Starts the app, which logs in where it never did. */
    void start() {
        List<URI> gateways = new ArrayList<>(cell.gateways());
        Collections.rotate(gateways, number);
        Rialto started = Rialto.builder()
                .app(ChaosCell.APP)
                .gateways(gateways)
                .serverKeys(cell.serverKeys())
                .trust(cell.authority())
                .storage(new FileStorage(folder))
                .reporter(ignored -> {})
                .inbox(InboxSettings.none().directory(folder.resolve("inbox")).appVersion("1.0.0.0"))
                .build();
        client = started;
        if (!started.hasUser()) {
            login(started);
        }
        if (number % 2 == 0) {
            started.inbox().on(ChaosCell.TOPIC, handler());
        } else {
            StoredMessages stored = started.inbox().stored(ChaosCell.TOPIC);
            stored.onChange(() -> writeDown(stored));
            writeDown(stored);
        }
        started.inbox().start();
    }

    private void login(Rialto started) {
        for (int attempt = 1; ; attempt++) {
            try {
                started.call(
                        OperationName.of("chaos.Session/Login"),
                        "application/json",
                        ("{\"user\":\"" + user + "\"}").getBytes(StandardCharsets.UTF_8),
                        true,
                        CallOptions.NONE.routeHint(user));
                return;
            } catch (CallException e) {
                if (attempt == LOGIN_TRIES) {
                    throw e;
                }
                LockSupport.parkNanos(LOGIN_PAUSE_NANOS);
            }
        }
    }

    private JournaledHandler handler() {
        return new JournaledHandler() {
            @Override
            public @Nullable String load(String name) {
                synchronized (ChaosDevice.this) {
                    return keys.get(name);
                }
            }

            @Override
            public void apply(InboxMessage message, StoredKey key) throws JsonException {
                synchronized (ChaosDevice.this) {
                    received(message);
                    keys.put(key.name(), key.value());
                }
            }

            @Override
            public void pass(StoredKey key) {
                synchronized (ChaosDevice.this) {
                    keys.put(key.name(), key.value());
                }
            }

            @Override
            public void forget(String name) {
                synchronized (ChaosDevice.this) {
                    keys.remove(name);
                }
            }
        };
    }

    private synchronized void writeDown(StoredMessages stored) {
        try {
            List<InboxMessage> all = stored.all();
            for (InboxMessage message : all.subList(told, all.size())) {
                received(message);
                told++;
            }
            if (told >= KEPT) {
                for (InboxMessage message : all) {
                    stored.remove(message);
                    told--;
                }
            }
        } catch (JsonException e) {
            throw new IllegalStateException("a message that nobody published", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void received(InboxMessage message) throws JsonException {
        applied = Math.max(applied, message.sequence());
        history.add(new ChaosEvent.Received(
                System.currentTimeMillis(),
                name(),
                user,
                message.sequence(),
                Json.read(message.payload()).path("key").asString("")));
    }

    /** The app ends and is started again, on the same files. */
    void restart() {
        close();
        start();
    }

    @Override
    public void close() {
        Rialto ending = client;
        if (ending != null) {
            ending.close();
        }
    }
}
