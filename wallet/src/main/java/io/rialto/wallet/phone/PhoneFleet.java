package io.rialto.wallet.phone;

import io.rialto.client.Rialto;
import io.rialto.client.codec.ProtobufCodec;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.protocol.ServerKey;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Many phones, each with an SDK, a device key and an account of its own. */
@Command(name = "phones", description = "Simulated phones of the wallet.", mixinStandardHelpOptions = true)
public final class PhoneFleet implements Callable<Integer> {
    /** Phones that begin at once: each costs two hashes of a PIN at the wallet. */
    private static final int BEGINNING = 16;

    /** A call takes no longer than the SDK's deadline. */
    private static final int END_SECONDS = 15;

    private static final JsonMapper JSON = new JsonMapper();

    @Option(names = "--gateways", required = true, split = ",", description = "https://host:port, one or several.")
    private List<URI> gateways = List.of();

    @Option(names = "--ca", required = true, description = "PEM file of the authority to trust.")
    private Path ca = Path.of("ca.pem");

    @Option(names = "--server-keys-file", required = true, description = "JSON list of {suite, key}: keys to pin.")
    private Path serverKeysFile = Path.of("server-keys.json");

    @Option(names = "--phones", defaultValue = "200", description = "How many (${DEFAULT-VALUE}).")
    private int phones = 200;

    @Option(names = "--seconds", defaultValue = "20", description = "After the login (${DEFAULT-VALUE}).")
    private int seconds = 20;

    @Option(
            names = "--think-ms",
            defaultValue = "100",
            description = "Between two calls of a phone (${DEFAULT-VALUE}).")
    private int thinkMillis = 100;

    @Option(names = "--seed", defaultValue = "1", description = "Of what users do (${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--json", description = "File for the summary, instead of the terminal.")
    private @Nullable Path json;

    @Option(names = "--acknowledged", description = "Where the ids of acknowledged transfers go.")
    private @Nullable Path acknowledged;

    @Option(
            names = "--second-devices",
            defaultValue = "25",
            description = "Percent of users who have a second device (${DEFAULT-VALUE}).")
    private int secondDevices = 25;

    @Option(names = "--inboxes", required = true, description = "Folder in which the devices keep their messages.")
    private Path inboxes = Path.of("inboxes");

    @Option(names = "--received", description = "Where the messages go that devices receive.")
    private @Nullable Path receivedFile;

    @Option(names = "--stay", description = "After the calls go on receiving, until standard input ends.")
    private boolean stay;

    private final PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    private final Board board = new Board();
    private final Queue<Phone> fleet = new ConcurrentLinkedQueue<>();
    private final CountDownLatch over = new CountDownLatch(1);
    private final CountDownLatch done = new CountDownLatch(1);

    public static void main(String[] args) {
        System.exit(new CommandLine(new PhoneFleet()).execute(args));
    }

    /** Begins, lives, ends: by time, or by a signal, with the same summary. */
    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(this::endEarly));
        try (Promises promises = new Promises(acknowledged);
                Received received = new Received(receivedFile);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Phone> phones = begin(threads, received);
            out.println(phones.size() + " users have logged in, on " + fleet.size() + " devices");
            long begun = System.nanoTime();
            List<Future<?>> users = new ArrayList<>();
            for (int i = 0; i < phones.size(); i++) {
                PhoneUser user = new PhoneUser(
                        phones.get(i), phones, new Random(seed * 1_000_003 + i), thinkMillis, board, promises);
                users.add(threads.submit(() -> user.live(over)));
            }
            watch(begun);
            over.countDown();
            for (Future<?> user : users) {
                user.get();
            }
            finish((System.nanoTime() - begun) / 1e9, promises);
            if (stay) {
                // Whoever started this compares meanwhile, and says when it is enough.
                System.in.transferTo(OutputStream.nullOutputStream());
            }
            out.println("devices received " + received.count() + " messages");
            return board.succeeded() > 0 ? 0 : 1;
        } finally {
            over.countDown();
            fleet.forEach(Phone::close);
            done.countDown();
        }
    }

    /** On a signal: what is under way ends, and the summary is written. After a normal end nothing is left to wait for. */
    private void endEarly() {
        over.countDown();
        try {
            if (!done.await(END_SECONDS, TimeUnit.SECONDS)) {
                out.println("phones: calls did not end within " + END_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Phone> begin(ExecutorService threads, Received received)
            throws IOException, InterruptedException, ExecutionException {
        List<ServerKey> keys = serverKeys();
        Semaphore beginning = new Semaphore(BEGINNING);
        // Handles belong to devices for good, and these devices are new: so are the names.
        String run = Long.toString(System.currentTimeMillis(), 36);
        List<Future<Phone>> starting = new ArrayList<>();
        for (int i = 0; i < phones; i++) {
            String handle = "p" + run + "." + i;
            Phone phone = phone(keys, i, "phone", received);
            fleet.add(phone);
            boolean two = i * secondDevices / 100 != (i + 1) * secondDevices / 100;
            Phone tablet = two ? phone(keys, i, "tablet", received) : null;
            if (tablet != null) {
                fleet.add(tablet);
            }
            starting.add(threads.submit(() -> {
                beginning.acquire();
                try {
                    phone.begin(handle);
                    if (tablet != null) {
                        tablet.join(phone.uid());
                    }
                    return phone;
                } finally {
                    beginning.release();
                }
            }));
        }
        List<Phone> ready = new ArrayList<>();
        for (Future<Phone> one : starting) {
            ready.add(one.get());
        }
        return ready;
    }

    private List<ServerKey> serverKeys() throws IOException {
        JsonNode read = JSON.readTree(Files.readAllBytes(serverKeysFile));
        List<ServerKey> keys = new ArrayList<>();
        for (JsonNode key : read) {
            keys.add(ServerKey.of(
                    key.path("suite").asInt(),
                    Base64.getUrlDecoder().decode(key.path("key").asString())));
        }
        return keys;
    }

    /** Phones know all gateways, each in an order of its own; which cell is theirs they learn. */
    private Phone phone(List<ServerKey> keys, int number, String name, Received received) {
        List<URI> order = new ArrayList<>(gateways);
        Collections.rotate(order, number);
        Rialto client = Rialto.builder()
                .app("wallet")
                .gateways(order)
                .serverKeys(keys)
                .trust(ca)
                .codec(ProtobufCodec.of(WalletService.messages()))
                .inbox(InboxSettings.none().directory(inboxes.resolve(number + "-" + name)))
                .build();
        return new Phone(client, "135790", name, received);
    }

    private void watch(long begun) throws InterruptedException {
        for (int second = 1; second <= seconds; second++) {
            long left = begun + TimeUnit.SECONDS.toNanos(second) - System.nanoTime();
            if (over.await(left, TimeUnit.NANOSECONDS)) {
                return;
            }
            out.println(board.line(second));
        }
    }

    /** The summary tells whoever reads it that the files are whole, though this program may stay. */
    private void finish(double took, Promises promises) throws IOException {
        promises.flush();
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("phones", phones);
        summary.put("seconds", took);
        summary.put("acknowledged-transfers", promises.count());
        summary.putAll(board.summary());
        String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(summary);
        if (json == null) {
            out.println(text);
        } else {
            Path whole = Files.writeString(json.resolveSibling(json.getFileName() + ".new"), text + "\n");
            Files.move(whole, json, StandardCopyOption.ATOMIC_MOVE);
        }
    }
}
