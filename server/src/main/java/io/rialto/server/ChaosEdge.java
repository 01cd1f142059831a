package io.rialto.server;

import io.rialto.server.Topology.OneCell;
import java.io.IOException;
import java.net.InetAddress;
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
 * An edge in a process of its own, which can be killed and started again, and whose clock of the day can be moved where
 * libfaketime is there.
 */
final class ChaosEdge implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);
    private static final int POLL_MILLIS = 50;
    private static final int CONNECT_MILLIS = 1_000;

    private final List<String> command;
    private final Path log;
    private final OneCell place;
    private final Path offset;
    private final Optional<Path> clockLibrary;
    private Process process;
    private boolean closed;

    private ChaosEdge(DataDirectory data, List<String> command, OneCell place, Optional<Path> clockLibrary)
            throws IOException {
        this.command = command;
        this.log = data.folder("logs").resolve(place.node() + ".log");
        this.place = place;
        this.offset = data.folder("clocks").resolve(place.node());
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

    static ChaosEdge start(DataDirectory data, List<String> settings, OneCell place, Optional<Path> clockLibrary)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                Rialto.class.getName(),
                "node",
                "--role=edge"));
        settings.forEach(setting -> command.add("--set=" + setting));
        return new ChaosEdge(data, command, place, clockLibrary);
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
                        "1")));
        return builder.start();
    }

    /** What the clock of the day of the process says more than it should; seen within a second. */
    void moveClock(Duration by) throws IOException {
        Files.writeString(offset, String.format(Locale.ROOT, "%+d\n", by.toSeconds()));
    }

    /** Waits until it listens. */
    void awaitReady() throws IOException, InterruptedException {
        long end = System.nanoTime() + START.toNanos();
        while (!listens(place.publicPort())) {
            if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                throw new CommandFailure("edge " + place.node() + " does not start; its output is in " + log);
            }
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
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
