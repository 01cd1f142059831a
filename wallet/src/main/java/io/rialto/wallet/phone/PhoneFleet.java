package io.rialto.wallet.phone;

import io.rialto.client.CallException;
import io.rialto.client.Rialto;
import io.rialto.client.codec.ProtobufCodec;
import io.rialto.protocol.Buckets;
import io.rialto.protocol.ServerKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
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

    private static final int SHARDS = 100;
    private static final int MAX_AMOUNT_MINOR = 500;
    private static final JsonMapper JSON = new JsonMapper();

    @Option(names = "--gateways", required = true, split = ",", description = "https://host:port, one or several.")
    private List<URI> gateways = List.of();

    @Option(names = "--ca", required = true, description = "PEM file of the authority to trust.")
    private Path ca = Path.of("ca.pem");

    @Option(names = "--server-keys-file", required = true, description = "JSON list of {suite, key}: keys to pin.")
    private Path serverKeysFile = Path.of("server-keys.json");

    @Option(names = "--phones", defaultValue = "200")
    private int phones = 200;

    @Option(names = "--seconds", defaultValue = "20")
    private int seconds = 20;

    @Option(
            names = "--think-ms",
            defaultValue = "100",
            description = "Between two calls of a phone (${DEFAULT-VALUE}).")
    private int thinkMillis = 100;

    @Option(names = "--seed", defaultValue = "1")
    private long seed = 1;

    @Option(names = "--json", description = "Where the summary goes.")
    private @Nullable Path json;

    @Option(names = "--acknowledged", description = "Where the ids of acknowledged transfers go.")
    private @Nullable Path acknowledged;

    private final PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    private final Tally all = new Tally();
    private final Map<String, Tally> byOperation = new ConcurrentHashMap<>();
    private final Map<String, Tally> byHalf = new ConcurrentHashMap<>();
    private final Queue<String> transfers = new ConcurrentLinkedQueue<>();
    private volatile boolean running = true;

    public static void main(String[] args) {
        System.exit(new CommandLine(new PhoneFleet()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        List<Phone> fleet = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            fleet.addAll(begin(threads));
            out.println(fleet.size() + " phones have logged in");
            long begun = System.nanoTime();
            List<Future<?>> users = new ArrayList<>();
            for (int i = 0; i < fleet.size(); i++) {
                Phone phone = fleet.get(i);
                Random random = new Random(seed * 1_000_003 + i);
                users.add(threads.submit(() -> live(phone, fleet, random)));
            }
            watch(begun);
            running = false;
            for (Future<?> user : users) {
                user.get();
            }
            finish((System.nanoTime() - begun) / 1e9);
            return 0;
        } finally {
            fleet.forEach(Phone::close);
        }
    }

    private List<Phone> begin(ExecutorService threads) throws IOException, InterruptedException, ExecutionException {
        List<ServerKey> keys = serverKeys();
        Semaphore beginning = new Semaphore(BEGINNING);
        // Handles belong to devices for good, and these devices are new: so are the names.
        String run = Long.toString(System.currentTimeMillis(), 36);
        List<Future<Phone>> starting = new ArrayList<>();
        for (int i = 0; i < phones; i++) {
            String handle = "p" + run + "." + i;
            starting.add(threads.submit(() -> {
                beginning.acquire();
                try {
                    Phone phone = phone(keys);
                    phone.begin(handle);
                    return phone;
                } finally {
                    beginning.release();
                }
            }));
        }
        List<Phone> fleet = new ArrayList<>();
        for (Future<Phone> one : starting) {
            fleet.add(one.get());
        }
        return fleet;
    }

    private List<ServerKey> serverKeys() throws IOException {
        JsonNode read = JSON.readTree(Files.readAllBytes(serverKeysFile));
        List<ServerKey> keys = new ArrayList<>();
        for (JsonNode key : read.isArray() ? read : read.path("server-keys")) {
            keys.add(ServerKey.of(
                    key.path("suite").asInt(),
                    Base64.getUrlDecoder().decode(key.path("key").asString())));
        }
        return keys;
    }

    private Phone phone(List<ServerKey> keys) {
        Rialto client = Rialto.builder()
                .app("wallet")
                .gateways(gateways)
                .serverKeys(keys)
                .trust(ca)
                .codec(ProtobufCodec.of(WalletService.messages()))
                .build();
        return new Phone(client, "135790");
    }

    /** What one user does until the time is over: half balances, a quarter transfers, some history, some codes. */
    private void live(Phone phone, List<Phone> fleet, Random random) {
        while (running) {
            int dice = random.nextInt(100);
            Phone other = fleet.get(random.nextInt(fleet.size()));
            if (dice < 50) {
                measured("wallet.Balance/Get", phone, phone::balance);
            } else if (dice < 65) {
                measured("wallet.History/List", phone, phone::history);
            } else if (other.uid().equals(phone.uid())) {
                continue;
            } else if (dice < 90) {
                long amount = random.nextLong(1, MAX_AMOUNT_MINOR);
                measured("wallet.Transfer/Create", phone, () -> transfers.add(phone.pay(other.uid(), amount)));
            } else {
                long amount = random.nextLong(1, MAX_AMOUNT_MINOR);
                List<String> code = new ArrayList<>();
                measured("wallet.PaymentCode/Show", phone, () -> code.add(phone.code()));
                for (String shown : code) {
                    measured(
                            "wallet.PaymentCode/Charge",
                            other,
                            () -> transfers.add(other.charge(phone.uid(), shown, amount)));
                }
            }
            think(random);
        }
    }

    private void think(Random random) {
        try {
            Thread.sleep(thinkMillis / 2 + random.nextInt(thinkMillis + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            running = false;
        }
    }

    private void measured(String operation, Phone phone, Runnable call) {
        long begun = System.nanoTime();
        String error = "";
        try {
            call.run();
        } catch (CallException e) {
            error = e.reason();
        }
        long took = System.nanoTime() - begun;
        all.add(took, error);
        byOperation.computeIfAbsent(operation, name -> new Tally()).add(took, error);
        byHalf.computeIfAbsent(half(phone), name -> new Tally()).add(took, error);
    }

    private static String half(Phone phone) {
        return Buckets.of(phone.uid(), SHARDS) < SHARDS / 2 ? "shards 00-49" : "shards 50-99";
    }

    private void watch(long begun) throws InterruptedException {
        long before = 0;
        for (int second = 1; second <= seconds; second++) {
            Thread.sleep(Math.max(0, begun / 1_000_000 + second * 1_000L - System.nanoTime() / 1_000_000));
            long calls = all.calls();
            out.printf(
                    "%3d s  calls %7d  %6d/s  p50 %6.1f ms  p99 %6.1f ms  errors %s%n",
                    second, calls, calls - before, all.millis(50), all.millis(99), all.errors());
            before = calls;
        }
    }

    private void finish(double took) throws IOException {
        Map<String, Object> summary = summary(all);
        summary.put("phones", phones);
        summary.put("seconds", took);
        summary.put("rate", all.calls() / took);
        summary.put("acknowledged-transfers", transfers.size());
        Map<String, Object> operations = new LinkedHashMap<>();
        byOperation.forEach((name, tally) -> operations.put(name, summary(tally)));
        summary.put("operations", operations);
        Map<String, Object> halves = new LinkedHashMap<>();
        byHalf.forEach((name, tally) -> halves.put(name, summary(tally)));
        summary.put("shards", halves);
        out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(summary));
        if (json != null) {
            Files.write(json, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(summary));
        }
        if (acknowledged != null) {
            Files.write(acknowledged, transfers);
        }
    }

    private static Map<String, Object> summary(Tally tally) {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("calls", tally.calls());
        summary.put("errors", tally.errors());
        summary.put("p50-ms", tally.millis(50));
        summary.put("p99-ms", tally.millis(99));
        return summary;
    }
}
