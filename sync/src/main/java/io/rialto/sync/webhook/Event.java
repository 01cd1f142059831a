package io.rialto.sync.webhook;

import io.rialto.node.Json;
import io.rialto.protocol.sync.Step;
import io.rialto.sync.MessageId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/**
 * What became of messages of one sequence.
 *
 * @param user whose device it was; empty where it was not of one
 * @param everyone whether they were to everyone
 * @param first and last: all messages of this range
 * @param tries with the one that is to come
 */
record Event(
        UUID id,
        int shard,
        String user,
        String topic,
        boolean everyone,
        long first,
        long last,
        String device,
        Step step,
        Instant at,
        String reason,
        int tries) {
    /** As it is sent. */
    byte[] body() {
        ObjectNode body = Json.mapper().createObjectNode();
        body.put("type", "message." + step.name().toLowerCase(Locale.ROOT));
        body.put("timestamp", at.toString());
        ObjectNode data = body.putObject("data");
        data.put("topic", topic);
        data.put("user", user);
        data.put("device", device);
        data.put("first", new MessageId(topic, first, everyone ? "" : user).toString());
        data.put("last", new MessageId(topic, last, everyone ? "" : user).toString());
        if (!reason.isEmpty()) {
            data.put("reason", reason);
        }
        return Json.write(body).getBytes(StandardCharsets.UTF_8);
    }
}
