package io.rialto.server;

import io.rialto.server.Topology.OneCell;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An edge in a process of its own, which can be killed and started again. */
final class ChaosEdge implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);
    private static final int POLL_MILLIS = 50;
    private static final int CONNECT_MILLIS = 1_000;

    private final List<String> command;
    private final Path log;
    private final OneCell place;
    private Process process;

    private ChaosEdge(DataDirectory data, List<String> command, OneCell place) throws IOException {
        this.command = command;
        this.log = data.folder("logs").resolve(place.node() + ".log");
        this.place = place;
        this.process = launch();
    }

    static ChaosEdge start(DataDirectory data, List<String> settings, OneCell place) throws IOException {
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
        return new ChaosEdge(data, command, place);
    }

    private Process launch() throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
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

    void startAgain() throws IOException {
        process = launch();
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
