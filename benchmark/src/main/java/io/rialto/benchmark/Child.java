package io.rialto.benchmark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A measured process of ours: started on given processors, read by {@code /proc}, ended by its own id.
 *
 * @param processors as {@code taskset} takes them, such as {@code 0} or {@code 2,3}
 */
record Child(String name, Process process, Path log, String processors) implements AutoCloseable {
    /** Linux reports CPU time in hundredths of a second. */
    private static final double TICKS_PER_SECOND = 100;

    private static final Duration STOP = Duration.ofSeconds(10);

    static Child start(String name, Path folder, String processors, List<String> command) throws IOException {
        Path log = folder.resolve(name + ".log");
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", processors));
        pinned.addAll(command);
        Process process = new ProcessBuilder(pinned)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new Child(name, process, log, processors);
    }

    /** Waits until something listens on a port of the loopback address. */
    Child awaitPort(int port, Duration limit) throws IOException, InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
                return this;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    close();
                    throw new IOException(
                            name + ": nothing listens on port " + port + "; its log is " + log + ":\n" + tail(), e);
                }
                process.waitFor(50, TimeUnit.MILLISECONDS);
            }
        }
    }

    private String tail() throws IOException {
        List<String> lines = Files.readAllLines(log);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    }

    /** CPU seconds that the process and its living children have used so far. */
    double cpuSeconds() throws IOException {
        double sum = ticks(process.pid());
        for (ProcessHandle child : process.descendants().toList()) {
            sum += ticks(child.pid());
        }
        return sum / TICKS_PER_SECOND;
    }

    private static double ticks(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        // The second field, the command in brackets, may hold spaces: count from behind it.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    /** Resident kilobytes of the process and its living children. */
    long residentKilobytes() throws IOException {
        long sum = resident(process.pid());
        for (ProcessHandle child : process.descendants().toList()) {
            sum += resident(child.pid());
        }
        return sum;
    }

    private static long resident(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no VmRSS of process " + pid);
    }

    /** Moves all its threads to other processors. */
    private void move(String to) throws IOException, InterruptedException {
        Tools.run(List.of("taskset", "-a", "-c", "-p", to, Long.toString(process.pid())));
    }

    /** Lets it use all processors while it warms up, so that its compiler does not wait for what it compiles. */
    void spread() throws IOException, InterruptedException {
        move("0-" + (Runtime.getRuntime().availableProcessors() - 1));
    }

    /** Back to its own processors. */
    void pin() throws IOException, InterruptedException {
        move(processors);
    }

    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroy);
        try {
            if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
                all.forEach(ProcessHandle::destroyForcibly);
            }
        } catch (InterruptedException e) {
            all.forEach(ProcessHandle::destroyForcibly);
            Thread.currentThread().interrupt();
        }
    }
}
