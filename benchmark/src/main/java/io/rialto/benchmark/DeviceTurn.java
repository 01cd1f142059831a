package io.rialto.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Devices of a system over TLS, by two programs: what an idle one takes of memory, how long messages take to them, and how
 * long they take to be current again after all of their connections were cut.
 *
 * @param devices in the end
 * @param rate messages per second, to devices by chance
 * @param warmSeconds for which the first devices get messages, at the same rate
 */
record DeviceTurn(Path folder, String processors, int devices, int rate, int seconds, int warmSeconds) {
    /** A server has bounds for each address, and a process for its files. */
    private static final int PROGRAMS = 2;

    /** So that what the first connection of all costs is not counted. */
    static final int FIRST = 100;

    /** Code compiled, heap touched: none of it is an idle device's. */
    private static final int WARM_SHARE = 10;

    /** The programs that play devices are fresh, too. */
    private static final int SETTLE_SECONDS = 8;

    private static final Duration LIMIT = Duration.ofMinutes(5);

    /**
     * One system's.
     *
     * @param before kilobytes resident with the first few
     * @param after kilobytes resident with all, idle
     * @param received messages within the rate's turn and some time after; as many as were sent, else it was not held
     * @param p50 milliseconds, of the program that had the higher
     * @param backMillis until all devices had what they had missed
     */
    record Row(
            String system,
            int devices,
            long before,
            long after,
            int sent,
            int received,
            double p50,
            double p99,
            double backMillis,
            long openMillis) {
        /** Kilobytes of one device. */
        double each() {
            return (after - before) / (double) (devices - FIRST);
        }
    }

    Row measure(Messaging system) throws IOException, InterruptedException {
        List<Helper> programs = new ArrayList<>();
        try {
            warmUp(system);
            for (int i = 0; i < PROGRAMS; i++) {
                programs.add(program(system, i));
            }
            all(programs, "open " + FIRST / PROGRAMS, "OPEN");
            long before = system.residentKilobytes();
            long openMillis = slowest(all(programs, "open " + devices / PROGRAMS, "OPEN"));
            long after = system.residentKilobytes();
            System.out.printf("%s: %d devices open after %d ms%n", system.name(), devices, openMillis);
            all(programs, "rate " + rate / PROGRAMS + " " + SETTLE_SECONDS, "RATE");
            List<String[]> rates = all(programs, "rate " + rate / PROGRAMS + " " + seconds, "RATE");
            all(programs, "cut", "CUT");
            all(programs, "publish", "PUBLISHED");
            long back = slowest(all(programs, "back", "BACK"));
            Row row = new Row(
                    system.name(),
                    devices,
                    before,
                    after,
                    sum(rates, 1),
                    sum(rates, 2),
                    highest(rates, 4),
                    highest(rates, 5),
                    back,
                    openMillis);
            System.out.printf(
                    "%-10s %d devices: %.1f KB each; at %d/s p50 %.2f ms p99 %.2f ms, %d of %d; back after %d ms%n",
                    row.system(), devices, row.each(), rate, row.p50(), row.p99(), row.received(), row.sent(), back);
            return row;
        } finally {
            programs.forEach(Helper::close);
        }
    }

    /** Some of the users come, get messages, and leave. */
    private void warmUp(Messaging system) throws IOException {
        String halfTime = "rate " + rate + " " + warmSeconds / 2;
        try (Helper program = program(system, 0)) {
            List<Helper> one = List.of(program);
            int some = Math.max(FIRST, devices / WARM_SHARE);
            all(one, "open " + some, "OPEN");
            all(one, halfTime, "RATE");
            system.settle();
            all(one, halfTime, "RATE");
            all(one, "cut", "CUT");
        }
    }

    private Helper program(Messaging system, int index) throws IOException {
        int share = devices / PROGRAMS;
        List<String> arguments = new ArrayList<>(
                List.of("127.0.0." + (index + 2), Integer.toString(index * share), Integer.toString(share)));
        arguments.addAll(system.deviceArguments());
        return Helper.start(folder, processors, SyncDevices.class, arguments, LIMIT);
    }

    /** All do the same at once; their answers. */
    private static List<String[]> all(List<Helper> programs, String command, String answer) throws IOException {
        for (Helper program : programs) {
            program.say(command);
        }
        List<String[]> answers = new ArrayList<>();
        for (Helper program : programs) {
            String line = program.expect("");
            if (!line.startsWith(answer)) {
                throw new IOException(command + ": " + line + " (expected: " + answer + ")");
            }
            System.out.println("    " + command + ": " + line);
            answers.add(line.split(" ", -1));
        }
        return answers;
    }

    private static long slowest(List<String[]> answers) {
        return answers.stream()
                .mapToLong(words -> Long.parseLong(words[2]))
                .max()
                .orElse(0);
    }

    private static int sum(List<String[]> answers, int word) {
        return answers.stream().mapToInt(words -> Integer.parseInt(words[word])).sum();
    }

    private static double highest(List<String[]> answers, int word) {
        return answers.stream()
                .mapToDouble(words -> Integer.parseInt(words[word]) / 1000.0)
                .max()
                .orElse(Double.NaN);
    }
}
