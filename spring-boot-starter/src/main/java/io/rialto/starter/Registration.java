package io.rialto.starter;

import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.env.Environment;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells the cell's gateways where this instance is, again and again while it runs; on the way out it takes that back
 * first and then waits until calls have ceased, so that the web server stops with none in flight.
 *
 * <p>Owns one virtual thread per gateway. Started last and stopped first of all parts of the application.
 */
final class Registration implements SmartLifecycle {
    static final OperationName REGISTER = OperationName.of("rialto.Backends/Register");

    private static final System.Logger LOG = System.getLogger(Registration.class.getName());

    private static final Duration EVERY = Duration.ofSeconds(3);

    /** Two registrations may be lost before a gateway forgets this instance. */
    private static final Duration LIFE = Duration.ofSeconds(10);

    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    /** Calls that a gateway had sent when it was told to stop arrive within this time. */
    private static final Duration QUIET = Duration.ofMillis(300);

    /** Calls that run longer are left to the web server's own graceful end. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final RialtoProperties properties;
    private final Gateways gateways;
    private final Drain drain;
    private final Environment environment;
    private final JsonMapper json;
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private volatile boolean running;

    Registration(
            RialtoProperties properties, Gateways gateways, Drain drain, Environment environment, JsonMapper json) {
        this.properties = properties;
        this.gateways = gateways;
        this.drain = drain;
        this.environment = environment;
        this.json = json;
    }

    /** After the web server when starting, before it when stopping. */
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE;
    }

    @Override
    public void start() {
        running = true;
        byte[] body = json.writeValueAsBytes(message(LIFE));
        for (String gateway : properties.gateways()) {
            threads.add(
                    Thread.ofVirtual().name("rialto-registration-" + gateway).start(() -> keep(gateway, body)));
        }
    }

    private Map<String, Object> message(Duration life) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("service", properties.service());
        message.put("instance", properties.instance());
        message.put("address", properties.host() + ":" + environment.getRequiredProperty("local.server.port"));
        message.put("protocol", "http2");
        if (!properties.colour().isEmpty()) {
            message.put("colour", properties.colour());
        }
        message.put("ttl-ms", life.toMillis());
        return message;
    }

    private void keep(String gateway, byte[] body) {
        boolean registered = false;
        boolean first = true;
        while (running) {
            String problem = send(gateway, body);
            if (first || registered != (problem == null)) {
                LOG.log(
                        problem == null ? Level.INFO : Level.WARNING,
                        problem == null ? "registered with gateway " + gateway : "not registered: " + problem);
            }
            first = false;
            registered = problem == null;
            try {
                if (stopping.await(EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** What went wrong, or null. */
    private @Nullable String send(String gateway, byte[] body) {
        try {
            HttpResponse<byte[]> response = gateways.post(
                    gateway, REGISTER, caller -> caller, "application/json", body, TIMEOUT, headers -> {});
            return response.statusCode() == 200
                    ? null
                    : "gateway " + gateway + " answered " + response.statusCode() + " (expected: 200)";
        } catch (IOException e) {
            return "gateway " + gateway + ": " + e + " (expected: an answer; trying again)";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    @Override
    public void stop() {
        running = false;
        stopping.countDown();
        drain.start();
        threads.forEach(Thread::interrupt);
        // A registration for no time ends the one before.
        byte[] body = json.writeValueAsBytes(message(Duration.ZERO));
        List<Thread> leaving = new ArrayList<>();
        for (String gateway : properties.gateways()) {
            leaving.add(Thread.ofVirtual().start(() -> send(gateway, body)));
        }
        try {
            for (Thread thread : leaving) {
                thread.join(TIMEOUT);
            }
            if (!leaving.isEmpty()) {
                drain.awaitQuiet(QUIET, PATIENCE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
