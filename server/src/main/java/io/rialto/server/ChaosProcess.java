package io.rialto.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A program in a process of its own, which can be killed and started again, and whose clock of the day can be moved where
 * libfaketime is there.
 */
final class ChaosProcess implements AutoCloseable {
    private static final Duration START = Duration.ofMinutes(3);
    private static final int POLL_MILLIS = 50;
    private static final int CONNECT_MILLIS = 1_000;

    private final List<String> command;
    private final Path log;
    private final String name;
    private final InetSocketAddress address;
    private final Path offset;
    private final Optional<Path> clockLibrary;
    private Process process;
    private boolean closed;

    private ChaosProcess(
            DataDirectory data,
            String name,
            InetSocketAddress address,
            List<String> command,
            Optional<Path> clockLibrary)
            throws IOException {
        this.command = List.copyOf(command);
        this.name = name;
        this.address = address;
        this.log = data.folder("logs").resolve(name + ".log");
        this.offset = data.folder("clocks").resolve(name);
        this.clockLibrary = clockLibrary;
        moveClock(Duration.ZERO);
        this.process = launch();
    }

    /** The library that moves clocks, as Debian's package libfaketime installs it. */
    static Optional<Path> clockLibrary() throws IOException {
        Path folder = Path.of("/usr/lib");
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> places = Files.newDirectoryStream(folder, "*-linux-gnu")) {
            for (Path place : places) {
                Path library = place.resolve("faketime").resolve("libfaketimeMT.so.1");
                if (Files.exists(library)) {
                    return Optional.of(library);
                }
            }
        }
        return Optional.empty();
    }

    /**
     * Starts a program.
     *
     * @param address that it listens on once it is ready; of port 0 for one that nobody waits for
     */
    static ChaosProcess start(
            DataDirectory data,
            String name,
            InetSocketAddress address,
            List<String> command,
            Optional<Path> clockLibrary)
            throws IOException {
        return new ChaosProcess(data, name, address, command, clockLibrary);
    }

    /** The command line of this program itself. */
    static List<String> rialto(List<String> jvm, List<String> arguments) {
        return java(jvm, Rialto.class, arguments);
    }

    /** The command line of a program of this class path. */
    static List<String> java(List<String> jvm, Class<?> program, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(arguments);
        return command;
    }

    /** The command line of one role with its settings. */
    static List<String> node(String role, List<String> settings) {
        List<String> arguments = new ArrayList<>(List.of("node", "--role=" + role));
        settings.forEach(setting -> arguments.add("--set=" + setting));
        return rialto(List.of("-Xmx512m"), arguments);
    }

    private Process launch() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        clockLibrary.ifPresent(library -> builder.environment()
                .putAll(Map.of(
                        "LD_PRELOAD",
                        library.toString(),
                        "FAKETIME_TIMESTAMP_FILE",
                        offset.toString(),
                        // Seconds until a change of the file is seen.
                        "FAKETIME_CACHE_DURATION",
                        "1",
                        // Clocks of days jump; those that measure do not.
                        "FAKETIME_DONT_FAKE_MONOTONIC",
                        "1",
                        // With it every wait with a time limit ends at once, and takes a core for nothing.
                        "FAKETIME_FORCE_MONOTONIC_FIX",
                        "0")));
        return builder.start();
    }

    /** What the clock of the day of the process says more than it should; seen within a second. */
    void moveClock(Duration by) throws IOException {
        Files.writeString(offset, String.format(Locale.ROOT, "%+d\n", by.toSeconds()));
    }

    /** Waits until it listens. */
    void awaitReady() throws IOException, InterruptedException {
        long end = System.nanoTime() + START.toNanos();
        while (!listens()) {
            if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                throw new CommandFailure(name + " does not start; its output is in " + log);
            }
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(address, CONNECT_MILLIS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** As the kernel ends it. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    synchronized void startAgain() throws IOException {
        if (!closed) {
            process = launch();
        }
    }

    synchronized ProcessHandle handle() {
        return process.toHandle();
    }

    @Override
    public synchronized void close() {
        closed = true;
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
