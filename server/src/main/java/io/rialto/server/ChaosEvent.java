package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One line of the history of a fault test; times are the harness's, in milliseconds since 1970. */
sealed interface ChaosEvent {
    long millis();

    /** A publisher asks for a message to be stored; the same key again after each failure. */
    record Invoked(long millis, String user, String key) implements ChaosEvent {}

    /** It was told that the message is stored. */
    record Answered(long millis, String user, String key, long sequence) implements ChaosEvent {}

    /** It was told otherwise, or nothing: whether the message is stored is not known. */
    record Failed(long millis, String user, String key, String reason) implements ChaosEvent {}

    /** A device applied a message. */
    record Received(long millis, String device, String user, long sequence, String key) implements ChaosEvent {}

    /** A phone pays; the same key again after each failure. */
    record Paying(long millis, String user, String key, String payee, long amount) implements ChaosEvent {}

    /**
     * It was told that the payment is made.
     *
     * @param done whether the payee had the money by then
     */
    record Paid(long millis, String user, String key, String transfer, boolean done) implements ChaosEvent {}

    /** A phone asks for its balance. */
    record Asking(long millis, String user, String key) implements ChaosEvent {}

    /** It was told the balance. */
    record Told(long millis, String user, String key, long balance) implements ChaosEvent {}

    /** Something that a mover does or that is done to it. */
    record Mover(long millis, String what) implements ChaosEvent {}

    /** Something that the SDK in a phone tells its app. */
    record Phone(long millis, String what) implements ChaosEvent {}

    /** A fault begins. */
    record Fault(long millis, String what) implements ChaosEvent {}

    default String line() {
        ObjectNode json = Json.mapper().createObjectNode().put("at", millis());
        switch (this) {
            case Invoked one ->
                json.put("event", "invoked").put("user", one.user).put("key", one.key);
            case Answered one ->
                json.put("event", "answered")
                        .put("user", one.user)
                        .put("key", one.key)
                        .put("sequence", one.sequence);
            case Failed one ->
                json.put("event", "failed")
                        .put("user", one.user)
                        .put("key", one.key)
                        .put("reason", one.reason);
            case Received one ->
                json.put("event", "received")
                        .put("device", one.device)
                        .put("user", one.user)
                        .put("sequence", one.sequence)
                        .put("key", one.key);
            case Paying one ->
                json.put("event", "paying")
                        .put("user", one.user)
                        .put("key", one.key)
                        .put("payee", one.payee)
                        .put("amount", one.amount);
            case Paid one ->
                json.put("event", "paid")
                        .put("user", one.user)
                        .put("key", one.key)
                        .put("transfer", one.transfer)
                        .put("done", one.done);
            case Asking one -> json.put("event", "asking").put("user", one.user).put("key", one.key);
            case Told one ->
                json.put("event", "told")
                        .put("user", one.user)
                        .put("key", one.key)
                        .put("balance", one.balance);
            case Mover one -> json.put("event", "mover").put("what", one.what);
            case Phone one -> json.put("event", "phone").put("what", one.what);
            case Fault one -> json.put("event", "fault").put("what", one.what);
        }
        return Json.write(json);
    }

    static ChaosEvent parse(String line) throws JsonException {
        JsonNode json = Json.read(line);
        long at = json.path("at").asLong();
        String user = json.path("user").asString("");
        String key = json.path("key").asString("");
        long sequence = json.path("sequence").asLong(0);
        String event = json.path("event").asString("");
        return switch (event) {
            case "invoked" -> new Invoked(at, user, key);
            case "answered" -> new Answered(at, user, key, sequence);
            case "failed" -> new Failed(at, user, key, json.path("reason").asString(""));
            case "received" -> new Received(at, json.path("device").asString(""), user, sequence, key);
            case "paying" ->
                new Paying(
                        at,
                        user,
                        key,
                        json.path("payee").asString(""),
                        json.path("amount").asLong(0));
            case "paid" ->
                new Paid(
                        at,
                        user,
                        key,
                        json.path("transfer").asString(""),
                        json.path("done").asBoolean(false));
            case "asking" -> new Asking(at, user, key);
            case "told" -> new Told(at, user, key, json.path("balance").asLong(0));
            case "mover" -> new Mover(at, json.path("what").asString(""));
            case "phone" -> new Phone(at, json.path("what").asString(""));
            case "fault" -> new Fault(at, json.path("what").asString(""));
            default -> throw new IllegalArgumentException("event: " + event + " (expected: a line of a history)");
        };
    }
}
