package io.rialto.server;

import static io.rialto.server.TestLoad.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.CallOptions;
import io.rialto.client.InMemoryStorage;
import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import io.rialto.client.RialtoBuilder;
import io.rialto.client.http.AddressLookup;
import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpRequest;
import io.rialto.client.http.HttpStream;
import io.rialto.client.http.OkHttpTransport;
import io.rialto.client.http.Transport;
import io.rialto.client.http.TransportException;
import io.rialto.client.http.Trust;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.client.inbox.InboxState;
import io.rialto.client.inbox.StoredMessages;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The SDK's inbox against edges in processes of their own and a real PostgreSQL, by each way that streams take. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
class InboxPathTest {
    private static final Duration CONNECT = Duration.ofSeconds(5);

    @SuppressWarnings("NullAway.Init") // set before all tests
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private DataDirectory directory;

    @SuppressWarnings("NullAway.Init")
    private ChaosCell cell;

    @SuppressWarnings("NullAway.Init")
    private ChaosHistory history;

    private final List<Rialto> phones = new ArrayList<>();
    private final AtomicInteger webSockets = new AtomicInteger();

    /** A network that HTTP/2's streams do not come through. */
    private final class OnlyWebSockets implements Transport {
        private final Transport real;

        OnlyWebSockets(Transport real) {
            this.real = real;
        }

        @Override
        public HttpAnswer send(HttpRequest request) throws TransportException {
            return real.send(request);
        }

        @Override
        public HttpStream openWebSocket(HttpRequest request) throws TransportException {
            HttpStream stream = real.openWebSocket(request);
            webSockets.incrementAndGet();
            return stream;
        }

        @Override
        public void evictIdle() {
            real.evictIdle();
        }

        @Override
        public void close() {
            real.close();
        }
    }

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        folder = temporary;
        directory = new DataDirectory(temporary.resolve("data")).hold();
        cell = new ChaosCell(directory, new SecureRandom(), Optional.empty());
        cell.start();
        history = new ChaosHistory(temporary.resolve("history"));
    }

    @AfterAll
    void stop() throws Exception {
        cell.close();
        history.close();
        directory.close();
    }

    @AfterEach
    void hangUp() {
        phones.forEach(Rialto::close);
        phones.clear();
    }

    private StoredMessages phone(String user, Protection protection, boolean webSocket, int firstGateway)
            throws InterruptedException {
        List<URI> gateways =
                List.of(cell.gateways().get(firstGateway), cell.gateways().get(1 - firstGateway));
        RialtoBuilder builder = Rialto.builder()
                .app(ChaosCell.APP)
                .gateways(gateways)
                .serverKeys(cell.serverKeys())
                .protection(protection)
                .storage(new InMemoryStorage())
                .reporter(ignored -> {})
                .inbox(InboxSettings.none().directory(folder.resolve("phone" + user + phones.size())));
        Rialto phone = webSocket
                ? builder.transport(new OnlyWebSockets(new OkHttpTransport(
                                Trust.ofFile(cell.authority()), AddressLookup.system(), CONNECT, Duration.ZERO)))
                        .build()
                : builder.trust(cell.authority()).build();
        phones.add(phone);
        phone.call(
                OperationName.of("chaos.Session/Login"),
                "application/json",
                ("{\"user\":\"" + user + "\"}").getBytes(StandardCharsets.UTF_8),
                true,
                CallOptions.NONE.routeHint(user));
        StoredMessages stored = phone.inbox().stored(ChaosCell.TOPIC);
        phone.inbox().start();
        await(() -> assertThat(phone.inbox().state()).isEqualTo(InboxState.OPEN));
        return stored;
    }

    private long answered() throws IOException {
        return ChaosReport.count(history.read(), ChaosEvent.Answered.class);
    }

    /** Publishes until the work is done, each message until it is answered; gives how many there are. */
    private long publishDuring(String user, Work work) throws Exception {
        CountDownLatch stopping = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                HttpClient http = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(CONNECT)
                        .build()) {
            try {
                ChaosPublisher.Scene scene = new ChaosPublisher.Scene(
                        http, cell.callerTokens(), cell.internal(), List.of(user), history, stopping, over);
                Future<Boolean> published =
                        threads.submit(() -> new ChaosPublisher(scene, "p" + user, new Random(7)).run());
                work.run();
                stopping.countDown();
                assertThat(published.get()).isTrue();
            } finally {
                stopping.countDown();
                over.countDown();
            }
        }
        return history.read().stream()
                .filter(ChaosEvent.Answered.class::isInstance)
                .map(ChaosEvent.Answered.class::cast)
                .filter(answer -> answer.user().equals(user))
                .mapToLong(ChaosEvent.Answered::sequence)
                .max()
                .orElse(0);
    }

    @FunctionalInterface
    private interface Work {
        void run() throws Exception;
    }

    private void publishSome(long count) throws IOException, InterruptedException {
        long before = answered();
        await(() -> assertThat(answered()).isGreaterThan(before + count));
    }

    private static void assertAllOnceInOrder(StoredMessages stored, long last) throws InterruptedException {
        await(() -> assertThat(stored.all()).hasSizeGreaterThanOrEqualTo((int) last));
        assertThat(stored.all().stream().map(InboxMessage::sequence))
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, last).boxed().toList());
    }

    @Test
    void two_devices_by_two_ways_get_all_once_in_order_while_an_edge_is_killed() throws Exception {
        String user = "100000000101";
        StoredMessages byHttp = phone(user, Protection.SEALED, false, 0);
        StoredMessages byWebSocket = phone(user, Protection.SEALED, true, 0);
        int before = webSockets.get();
        long last = publishDuring(user, () -> {
            publishSome(20);
            // Whichever edge a stream is at, it ends once.
            for (ChaosProcess edge : cell.edges()) {
                edge.kill();
                publishSome(20);
                edge.startAgain();
                edge.awaitReady();
            }
            publishSome(20);
        });
        assertThat(last).isGreaterThan(60);
        assertAllOnceInOrder(byHttp, last);
        assertAllOnceInOrder(byWebSocket, last);
        assertThat(webSockets.get()).as("the stream came back by WebSocket").isGreaterThan(before);
    }

    @Test
    void a_signed_device_gets_all_by_websocket_and_what_was_published_while_it_was_away() throws Exception {
        String user = "100000000102";
        StoredMessages stored = phone(user, Protection.SIGNED, true, 1);
        Rialto phone = phones.getFirst();
        long last = publishDuring(user, () -> {
            publishSome(10);
            phone.inbox().pause();
            await(() -> assertThat(phone.inbox().state()).isEqualTo(InboxState.STOPPED));
            publishSome(10);
            phone.inbox().resume();
            publishSome(10);
        });
        assertAllOnceInOrder(stored, last);
    }

    @Test
    void a_signed_device_gets_all_over_http2_from_the_edge_that_did_not_store_them() throws Exception {
        String user = "100000000103";
        StoredMessages first = phone(user, Protection.SIGNED, false, 0);
        StoredMessages second = phone(user, Protection.SIGNED, false, 1);
        long last = publishDuring(user, () -> publishSome(30));
        assertAllOnceInOrder(first, last);
        assertAllOnceInOrder(second, last);
    }
}
