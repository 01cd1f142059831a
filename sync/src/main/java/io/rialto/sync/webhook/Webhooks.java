package io.rialto.sync.webhook;

import io.rialto.node.postgres.Database;
import io.rialto.sync.InboxMeters;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.Webhook;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the webhooks of a cell its events. Each event is told until the webhook answers 2xx, with growing pauses, or until
 * it is too old; it may be told twice, with the same {@code webhook-id}. Calls are signed as Standard Webhooks 1.0.0
 * says: {@code webhook-signature: v1,} and base64 of HMAC-SHA256 over id, timestamp and body, joined by dots.
 *
 * <p>One virtual thread looks for webhooks, one more for each of them while it has events, and one for each call.
 */
public final class Webhooks implements AutoCloseable {
    static final Duration PACE = Duration.ofSeconds(1);

    /** Calls to one webhook at one time, from one node. */
    static final int ROUND = 16;

    /** Longer than any attempt takes with what comes around it. */
    private static final Duration LEASE_MARGIN = Duration.ofSeconds(30);

    /** Looks, which is minutes: well within the time after which a webhook counts as gone. */
    private static final int RENEWED_AFTER = 300;

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);
    private static final int MAX_DOUBLINGS = 12;
    private static final Logger LOG = LoggerFactory.getLogger(Webhooks.class);

    private final EventTable table;
    private final Supplier<SyncConfig> config;
    private final InboxMeters meters;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final HttpClient client;
    private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<String> busy = ConcurrentHashMap.newKeySet();
    private @Nullable List<Webhook> subscribed;
    private int looks;
    private final CountDownLatch closing = new CountDownLatch(1);
    private boolean failing;

    /**
     * The webhooks of a cell whose inbox has its tables.
     *
     * @param random from any thread
     */
    public Webhooks(
            Database database,
            Supplier<SyncConfig> config,
            InboxMeters meters,
            InstantSource clock,
            RandomGenerator random) {
        this.table = new EventTable(database);
        this.config = config;
        this.meters = meters;
        this.clock = clock;
        this.random = random;
        this.client = HttpClient.newBuilder()
                .connectTimeout(CONNECT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .executor(calls)
                .build();
    }

    /** Begins to tell. */
    public void start() {
        Thread.ofVirtual().name("webhooks").start(this::run);
    }

    private void run() {
        boolean closed = false;
        while (!closed) {
            try {
                look();
                if (failing) {
                    failing = false;
                    LOG.info("webhooks are told again");
                }
            } catch (SQLException | RuntimeException e) {
                if (!failing) {
                    failing = true;
                    LOG.warn("webhooks are not told for now: {}", e.toString());
                }
            }
            try {
                closed = closing.await(random.nextLong(PACE.toMillis() / 2, PACE.toMillis()), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Follows the configuration, and begins with each webhook that is not at work. */
    @SuppressWarnings("FutureReturnValueIgnored") // a webhook's own thread tells its failures
    private void look() throws SQLException {
        List<Webhook> webhooks = subscribe();
        for (Webhook webhook : webhooks) {
            if (busy.add(webhook.id())) {
                calls.submit(() -> {
                    try {
                        while (closing.getCount() > 0 && round(webhook) == ROUND) {
                            // Until it has none whose time has come.
                        }
                    } catch (SQLException e) {
                        LOG.debug("webhook {}: {}", webhook.id(), e.toString());
                    } finally {
                        busy.remove(webhook.id());
                    }
                });
            }
        }
    }

    List<Webhook> subscribe() throws SQLException {
        List<Webhook> webhooks = config.get().webhooks();
        if (!webhooks.equals(subscribed) || looks++ == RENEWED_AFTER) {
            table.subscribe(webhooks);
            subscribed = webhooks;
            looks = 0;
        }
        return webhooks;
    }

    /** Tells a webhook some events at once; says how many. */
    int round(Webhook webhook) throws SQLException {
        List<Event> events = table.take(webhook.id(), ROUND, webhook.timeout().plus(LEASE_MARGIN));
        List<Future<?>> told = new ArrayList<>();
        for (Event event : events) {
            told.add(calls.submit(() -> {
                tell(webhook, event);
                return null;
            }));
        }
        for (Future<?> one : told) {
            try {
                one.get();
            } catch (java.util.concurrent.ExecutionException e) {
                // Its lease ends, and it is told again.
                LOG.debug("webhook {}: {}", webhook.id(), e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return 0;
            }
        }
        return events.size();
    }

    private void tell(Webhook webhook, Event event) throws SQLException, InterruptedException {
        boolean told = post(webhook, event);
        meters.webhook(webhook.id(), told);
        if (told) {
            table.told(event);
        } else if (table.failed(event, pause(event.tries()), webhook.keep())) {
            LOG.warn("webhook {}: event {} is given up after {} tries", webhook.id(), event.id(), event.tries());
        }
    }

    private boolean post(Webhook webhook, Event event) throws InterruptedException {
        byte[] body = event.body();
        String seconds = Long.toString(clock.instant().getEpochSecond());
        HttpRequest request = HttpRequest.newBuilder(webhook.url())
                .timeout(webhook.timeout())
                .header("content-type", "application/json")
                .header("webhook-id", event.id().toString())
                .header("webhook-timestamp", seconds)
                .header("webhook-signature", signature(webhook.secret(), event.id() + "." + seconds + ".", body))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        try {
            int status =
                    client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            return status >= 200 && status < 300;
        } catch (IOException e) {
            return false;
        }
    }

    static String signature(byte[] secret, String prefix, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update(prefix.getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256, which every JDK has", e);
        }
    }

    /** Doubles from a second to an hour, give or take a fifth. */
    private Duration pause(int tries) {
        long millis = Math.min(FIRST_PAUSE.toMillis() << Math.min(tries - 1, MAX_DOUBLINGS), LONGEST_PAUSE.toMillis());
        return Duration.ofMillis((long) (millis * random.nextDouble(0.8, 1.2)));
    }

    @Override
    public void close() {
        closing.countDown();
        calls.shutdownNow();
        client.shutdownNow();
    }
}
