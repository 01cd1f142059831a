package io.rialto.starter;

import io.rialto.protocol.Code;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Messages to the inboxes of users. {@link #publish} stores now; {@link #enqueue} puts a message into the running
 * transaction, so that it is published if and only if that commits. Safe for use by many threads.
 */
public final class Messages {
    private static final OperationName PUBLISH = OperationName.of("rialto.Inbox/Publish");

    private final RialtoProperties properties;
    private final Gateways gateways;
    private final JsonMapper json;
    private final AtomicInteger next = new AtomicInteger();
    private volatile Runnable waker = () -> {};

    Messages(RialtoProperties properties, Gateways gateways, JsonMapper json) {
        this.properties = properties;
        this.gateways = gateways;
        this.json = json;
    }

    /**
     * What became of a message for one user.
     *
     * @param user empty for everyone
     * @param id by which it can be traced and revoked; empty where it was refused
     * @param repeated whether the key was known: then this is the first one's answer
     * @param reason why it was refused; empty where it was stored
     */
    public record Published(String user, String id, long sequence, boolean repeated, String reason, String text) {
        public boolean stored() {
            return reason.isEmpty();
        }
    }

    /**
     * Stores a message; what is answered as stored is never lost.
     *
     * @return one answer for each user, in order, or one for everyone
     * @throws OperationException the refusal of all of it, or {@code unavailable}: then it may have been stored, and the same
     *     key may be tried again
     */
    public List<Published> publish(OutgoingMessage message, Duration timeout) {
        return publish(message.encode(json), timeout);
    }

    List<Published> publish(byte[] request, Duration timeout) {
        if (properties.gateways().isEmpty()) {
            throw new OperationException(
                    Code.UNAVAILABLE, "no_gateway", "rialto.gateways: none (expected: one to publish through)");
        }
        // A gateway that is down is passed over at the next try: the start moves on with each call.
        String gateway = properties
                .gateways()
                .get(Math.floorMod(next.getAndIncrement(), properties.gateways().size()));
        try {
            HttpResponse<byte[]> response = gateways.post(
                    gateway,
                    PUBLISH,
                    caller -> properties.app().isEmpty() ? caller : caller.app(properties.app()),
                    "application/json",
                    request,
                    timeout,
                    headers -> {});
            JsonNode answer = json.readTree(response.body());
            if (response.statusCode() != 200) {
                throw CellCalls.refusal(response.statusCode(), answer);
            }
            return published(answer);
        } catch (JacksonException e) {
            throw new OperationException(Code.INTERNAL, "invalid_answer", PUBLISH + ": " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new OperationException(
                    Code.UNAVAILABLE, "gateway_unreachable", PUBLISH + " by " + gateway + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationException(Code.CANCELED, "interrupted", PUBLISH + ": interrupted");
        }
    }

    private static List<Published> published(JsonNode answer) {
        List<Published> all = new ArrayList<>();
        for (JsonNode one : answer.path("published")) {
            all.add(new Published(
                    one.path("user").asString(""),
                    one.path("id").asString(""),
                    one.path("sequence").asLong(0),
                    one.path("repeatedKey").asBoolean(false),
                    one.path("reason").asString(""),
                    one.path("text").asString("")));
        }
        return all;
    }

    /**
     * Puts a message into the outbox, table {@code message_outbox} of the running transaction's search path. Messages of
     * one user that are enqueued under the same lock of the user's rows are published in that order.
     *
     * @param shard of the rows that the transaction writes
     */
    public void enqueue(JdbcClient sql, int shard, OutgoingMessage message) {
        sql.sql("INSERT INTO message_outbox (shard, id, ordered_by, request) VALUES (?, ?, ?, ?)")
                .params(shard, UUID.randomUUID(), message.orderedBy(), message.encode(json))
                .update();
        if (TransactionSynchronizationManager.isSynchronizationActive()) {
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void afterCommit() {
                    waker.run();
                }
            });
        }
    }

    /** What to run when a transaction that enqueued has committed. */
    void onWake(Runnable action) {
        waker = action;
    }
}
