package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A backend that publishes one message after the other, each under a key of its own until it is answered. */
final class ChaosPublisher {
    private static final OperationName PUBLISH = OperationName.of("rialto.Inbox/Publish");
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final int LONGEST_PAUSE_MILLIS = 60;
    /** One message in so many is published again after its answer, which must be the same. */
    private static final int REPEATED = 10;

    /**
     * What all publishers share.
     *
     * @param stopping begin no other message
     * @param over give up
     */
    record Scene(
            HttpClient http,
            CallerTokens tokens,
            List<String> edges,
            List<String> users,
            ChaosHistory history,
            CountDownLatch stopping,
            CountDownLatch over) {}

    private final Scene scene;
    private final String name;
    private final Random random;
    private int edge;

    ChaosPublisher(Scene scene, String name, Random random) {
        this.scene = scene;
        this.name = name;
        this.random = random;
        this.edge = random.nextInt(scene.edges().size());
    }

    /** Publishes until it is told to stop; whether the last message was answered too. */
    boolean run() throws InterruptedException {
        int number = 0;
        while (!scene.stopping().await(random.nextInt(LONGEST_PAUSE_MILLIS), TimeUnit.MILLISECONDS)) {
            String user = scene.users().get(random.nextInt(scene.users().size()));
            String key = name + "-" + number++;
            boolean answered = publish(user, key);
            if (answered && random.nextInt(REPEATED) == 0) {
                edge++;
                answered = publish(user, key);
            }
            if (!answered) {
                return false;
            }
        }
        return true;
    }

    private boolean publish(String user, String key) throws InterruptedException {
        do {
            scene.history().add(new ChaosEvent.Invoked(System.currentTimeMillis(), user, key));
            ChaosEvent outcome = attempt(user, key);
            scene.history().add(outcome);
            if (outcome instanceof ChaosEvent.Answered) {
                return true;
            }
            edge++;
        } while (!scene.over().await(random.nextInt(LONGEST_PAUSE_MILLIS), TimeUnit.MILLISECONDS));
        return false;
    }

    private ChaosEvent attempt(String user, String key) throws InterruptedException {
        try {
            JsonNode answer = call(user, key);
            JsonNode line = answer.path("published").path(0);
            long sequence = line.path("sequence").asLong(0);
            long now = System.currentTimeMillis();
            String reason = line.path("reason").asString(answer.path("reason").asString(""));
            return sequence > 0 && reason.isEmpty()
                    ? new ChaosEvent.Answered(now, user, key, sequence)
                    : new ChaosEvent.Failed(now, user, key, reason);
        } catch (IOException | JsonException e) {
            return new ChaosEvent.Failed(
                    System.currentTimeMillis(), user, key, e.getClass().getSimpleName());
        }
    }

    private JsonNode call(String user, String key) throws IOException, InterruptedException, JsonException {
        ObjectNode request =
                Json.mapper().createObjectNode().put("topic", ChaosCell.TOPIC).put("key", key);
        request.putObject("audience").putObject("users").putArray("users").add(user);
        request.putObject("json").put("key", key);
        long now = System.currentTimeMillis();
        Caller caller = Caller.builder(name, PUBLISH.toString(), now, now + PATIENCE.toMillis() + 10_000)
                .build();
        URI address =
                URI.create("http://" + scene.edges().get(edge % scene.edges().size()) + PUBLISH.path());
        HttpResponse<byte[]> response = scene.http()
                .send(
                        HttpRequest.newBuilder(address)
                                .timeout(PATIENCE)
                                .header("content-type", "application/json")
                                .header(HeaderNames.CALLER, scene.tokens().mint(caller))
                                .POST(HttpRequest.BodyPublishers.ofString(Json.write(request)))
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray());
        return Json.read(response.body());
    }
}
