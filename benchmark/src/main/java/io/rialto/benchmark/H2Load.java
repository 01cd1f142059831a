package io.rialto.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * nghttp2's load generator, for HTTP/1.1 and HTTP/2 alike.
 *
 * @param processors where it runs
 * @param request a file with the body to post
 * @param connections clients
 * @param streams requests in flight on one connection; 1 for HTTP/1.1
 */
record H2Load(Path folder, String processors, Path request, int connections, int streams) {
    private static final Pattern REQUESTS =
            Pattern.compile("requests: (\\d+) total, .*?(\\d+) succeeded, (\\d+) failed, (\\d+) errored");

    private static final Pattern STATUS = Pattern.compile("status codes: (\\d+) 2xx");

    /** Past its planned end; h2load never ends when a peer takes so long that a connection begins after it. */
    private static final int GRACE_SECONDS = 5;

    /** A peer that answers fewer of the calls that are due does not hold the rate. */
    private static final double HELD = 0.95;

    /** A turn with more failed calls, as a share of the good ones, says nothing. */
    private static final double MOST_FAILED = 0.01;

    /** Runs at full speed for some seconds; the count of good answers, none if calls failed or it did not end. */
    OptionalLong saturate(Target target, int seconds) throws IOException, InterruptedException {
        return count(command(target, seconds), target, seconds);
    }

    /** Runs at one rate for some seconds; latencies in microseconds, sorted; none if the peer did not hold the rate. */
    Optional<long[]> atRate(Target target, int seconds, int perSecond) throws IOException, InterruptedException {
        Path log = Files.createTempFile(folder, "latency", ".log");
        List<String> command = command(target, seconds);
        command.addAll(command.size() - 1, List.of("--rps=" + (double) perSecond / connections, "--log-file=" + log));
        try {
            if (count(command, target, seconds).orElse(0) < HELD * perSecond * seconds) {
                return Optional.empty();
            }
            try (Stream<String> lines = Files.lines(log)) {
                return Optional.of(lines.mapToLong(line -> Long.parseLong(line.split("\t", -1)[2]))
                        .sorted()
                        .toArray());
            }
        } finally {
            Files.delete(log);
        }
    }

    private List<String> command(Target target, int seconds) {
        List<String> command = new ArrayList<>(List.of("taskset", "-c", processors, "h2load"));
        if (target.protocol() == Protocol.HTTP1) {
            command.add("--h1");
        }
        command.addAll(List.of(
                "-D" + seconds,
                "-c" + connections,
                "-m" + (target.protocol() == Protocol.HTTP1 ? 1 : streams),
                "-d" + request,
                "-Hcontent-type: application/json",
                target.url()));
        return command;
    }

    private static OptionalLong count(List<String> command, Target target, int seconds)
            throws IOException, InterruptedException {
        Optional<String> ended = Tools.run(command, Duration.ofSeconds(seconds + GRACE_SECONDS));
        if (ended.isEmpty()) {
            System.out.println(target + ": the load was ended " + GRACE_SECONDS + " s after it should have");
            return OptionalLong.empty();
        }
        String output = ended.get();
        Matcher requests = REQUESTS.matcher(output);
        Matcher status = STATUS.matcher(output);
        if (!requests.find() || !status.find()) {
            throw new IOException("h2load said nothing that can be read:\n" + output);
        }
        long good = Long.parseLong(status.group(1));
        long bad = Long.parseLong(requests.group(3)) + Long.parseLong(requests.group(4));
        if (bad > 0) {
            System.out.println(target + ": " + bad + " failed, " + good + " good (expected: none failed)");
        }
        if (good == 0 || bad > good * MOST_FAILED) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(good);
    }

    /** What the load speaks. */
    enum Protocol {
        HTTP1("HTTP/1.1"),
        H2C("h2c"),
        TLS_H2("TLS h2");

        private final String title;

        Protocol(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    /** One address to load. */
    record Target(String peer, Protocol protocol, String url) {}
}
