package io.rialto.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A node in a process of its own, as on a machine of its own; killed when it is closed. */
final class TestNode implements AutoCloseable {
    private final Process process;
    private final String ready;

    private TestNode(Process process, String ready) {
        this.process = process;
        this.ready = ready;
    }

    /** Starts a node, and waits for the line by which it says that it serves. */
    static TestNode start(String role, List<String> settings) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.rialto.server.Rialto",
                "node",
                "--role=" + role));
        settings.forEach(setting -> command.add("--set=" + setting));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader output = process.inputReader();
        List<String> lines = new ArrayList<>();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            lines.add(line);
            if (line.startsWith(role + " ")) {
                Thread.ofVirtual().start(() -> output.lines().forEach(ignored -> {}));
                return new TestNode(process, line);
            }
        }
        throw new IllegalStateException("the node ended: " + lines);
    }

    /** The line by which it said that it serves. */
    String ready() {
        return ready;
    }

    Process process() {
        return process;
    }

    /** As the kernel ends it: nothing more is run. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
