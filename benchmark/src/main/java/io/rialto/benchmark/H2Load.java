package io.rialto.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    /** Runs at full speed for some seconds; the count of good answers. */
    long saturate(Target target, int seconds) throws IOException, InterruptedException {
        return count(run(command(target, seconds)), target);
    }

    /** Runs at one rate for some seconds; latencies in microseconds, sorted. */
    long[] atRate(Target target, int seconds, int perSecond) throws IOException, InterruptedException {
        Path log = Files.createTempFile(folder, "latency", ".log");
        List<String> command = command(target, seconds);
        command.addAll(command.size() - 1, List.of("--rps=" + (double) perSecond / connections, "--log-file=" + log));
        count(run(command), target);
        try (BufferedReader lines = Files.newBufferedReader(log)) {
            long[] latencies = lines.lines()
                    .mapToLong(line -> Long.parseLong(line.split("\t", -1)[2]))
                    .toArray();
            Arrays.sort(latencies);
            return latencies;
        } finally {
            Files.delete(log);
        }
    }

    List<String> command(Target target, int seconds) {
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

    private static String run(List<String> command) throws IOException, InterruptedException {
        return Tools.run(command);
    }

    private static long count(String output, Target target) throws IOException {
        Matcher requests = REQUESTS.matcher(output);
        Matcher status = STATUS.matcher(output);
        if (!requests.find() || !status.find()) {
            throw new IOException("h2load said nothing that can be read:\n" + output);
        }
        long good = Long.parseLong(status.group(1));
        long bad = Long.parseLong(requests.group(3)) + Long.parseLong(requests.group(4));
        if (good == 0 || bad > 0) {
            throw new IOException(
                    target + ": " + bad + " failed, " + good + " good (expected: none failed):\n" + output);
        }
        return good;
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
