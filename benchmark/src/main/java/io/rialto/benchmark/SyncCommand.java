package io.rialto.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Messages beside Mosquitto, NATS JetStream and RabbitMQ. */
@Command(
        name = "sync",
        mixinStandardHelpOptions = true,
        description =
                "Messages beside Mosquitto, NATS JetStream and RabbitMQ quorum queues: publishes, delay to devices,"
                        + " devices that come back, memory of idle devices.")
final class SyncCommand implements Callable<Integer> {
    private static final List<Integer> IN_FLIGHT = List.of(64, 256);
    /** As long as a JVM takes to compile what is hot, with some to spare. */
    private static final int WARM_SECONDS = 24;

    private static final int QUICK_WARM_SECONDS = 10;

    @Option(names = "--quick", description = "Under 3 minutes: fewer users, devices and rounds; writes no table.")
    boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Where the goals and figures go.")
    @Nullable
    Path json;

    @Option(names = "--users", description = "Users that are published to (default: ${DEFAULT-VALUE}).")
    int users = 100_000;

    @Option(names = "--devices", description = "Devices (default: ${DEFAULT-VALUE}).")
    int devices = 15_000;

    @Option(names = "--rounds", description = "Turns of each system (default: ${DEFAULT-VALUE}).")
    int rounds = 3;

    @Option(names = "--seconds", description = "Length of a turn (default: ${DEFAULT-VALUE}).")
    int seconds = 5;

    @Option(names = "--rate", description = "Messages per second to devices (default: ${DEFAULT-VALUE}).")
    int rate = 5_000;

    private final List<String> descriptions = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        if (quick) {
            users = 10_000;
            devices = 2_000;
            rounds = 1;
            seconds = 4;
        }
        long start = System.nanoTime();
        Tools.install(Tools.MESSAGING);
        Path folder = Files.createTempDirectory("rialto-bench");
        Scene scene = Scene.create(folder);
        String processors = "0-" + (Runtime.getRuntime().availableProcessors() - 1);
        List<SyncReport.Row> publishes = publishes(scene, processors);
        List<DeviceTurn.Row> rows = deviceTurns(scene, processors);
        report(new SyncReport(publishes, IN_FLIGHT, rows, rate, users));
        Tools.delete(folder);
        System.out.printf("%nTook %d s.%n", TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
        return 0;
    }

    /** All run, and have their turns one after the other. */
    private List<SyncReport.Row> publishes(Scene scene, String processors) throws IOException, InterruptedException {
        List<Messaging> systems = new ArrayList<>();
        try {
            systems.add(RialtoCell.start(scene, processors));
            systems.add(RabbitMq.start(scene, processors));
            systems.add(JetStreamServer.start(scene, processors));
            systems.add(Mosquitto.start(scene, processors, "mosquitto", users));
            List<SyncReport.Row> rows = new ArrayList<>();
            for (Messaging system : systems) {
                descriptions.add("- " + system.name() + ": " + system.description());
                warmUp(system);
                IN_FLIGHT.forEach(bound -> rows.add(new SyncReport.Row(system, bound)));
            }
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < rows.size(); i++) {
                    turn(systems.get(i / IN_FLIGHT.size()), rows.get(i));
                }
            }
            return rows;
        } finally {
            systems.forEach(Messaging::close);
        }
    }

    /**
     * The first publishes find code that is not compiled, on both sides, and users without a row yet. Each system has the same
     * time.
     */
    private void warmUp(Messaging system) throws IOException, InterruptedException {
        try (Sender sender = system.sender()) {
            int half = quick ? QUICK_WARM_SECONDS / 2 : WARM_SECONDS / 2;
            PublishLoad.run(sender, users, IN_FLIGHT.getLast(), half);
            system.settle();
            PublishLoad.run(sender, users, IN_FLIGHT.getLast(), half);
        }
    }

    private void turn(Messaging system, SyncReport.Row row) throws IOException, InterruptedException {
        try (Sender sender = system.sender()) {
            PublishLoad.Turn turn = PublishLoad.run(sender, users, row.inFlight(), seconds);
            row.perSecond().add(turn.perSecond());
            row.p50().add(turn.p50Millis());
            row.p99().add(turn.p99Millis());
            System.out.printf(
                    "%-24s %3d in flight: %7.0f publishes/s, p50 %6.2f ms, p99 %7.2f ms%n",
                    row.system(), row.inFlight(), turn.perSecond(), turn.p50Millis(), turn.p99Millis());
        }
    }

    /** Of the systems that phones can speak to, fresh ones, one after the other. */
    private List<DeviceTurn.Row> deviceTurns(Scene scene, String processors) throws IOException, InterruptedException {
        DeviceTurn turn = new DeviceTurn(
                scene.folder(), processors, devices, rate, quick ? 5 : 15, quick ? QUICK_WARM_SECONDS : WARM_SECONDS);
        List<DeviceTurn.Row> rows = new ArrayList<>();
        try (Messaging ours = RialtoCell.start(scene, processors)) {
            rows.add(turn.measure(ours));
        }
        try (Messaging theirs = Mosquitto.start(scene, processors, "mosquitto-devices", 0)) {
            rows.add(turn.measure(theirs));
        }
        return rows;
    }

    private void report(SyncReport report) throws IOException {
        String page = setUp() + report.page();
        System.out.println(page);
        if (quick) {
            System.out.println("Quick: " + users + " users, " + devices + " devices, " + rounds + " round of " + seconds
                    + " s; no table written.");
        } else {
            BenchmarkPage.replace("sync", page);
        }
        if (json != null) {
            Goal.write(json, report.goals(), report.figures());
        }
        Goal.print(report.goals());
    }

    private String setUp() throws IOException {
        return Machine.describe()
                + ". All processors are shared by the system, its database, and the load. Payloads of "
                + PublishLoad.PAYLOAD_BYTES + " random bytes, each publish to one user by chance; turns of " + seconds
                + " s.\n\n" + String.join("\n", descriptions) + "\n\n";
    }
}
