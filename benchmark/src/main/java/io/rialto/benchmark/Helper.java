package io.rialto.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A program of this room in a JVM of its own, spoken to by lines. */
final class Helper implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private Helper(Process process) {
        this.process = process;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /**
     * What these programs collect of their own garbage would count as time of the system that they measure: with young space
     * for the best part of a minute a turn has a collection or none, where one of the usual size has one every few seconds.
     */
    private static final List<String> HEAP = List.of("-Xms2g", "-Xmx2g", "-Xmn1500m");

    /** @param limit after which it is ended, so that nobody waits for its next line for ever */
    static Helper start(Path folder, String processors, Class<?> program, List<String> arguments, Duration limit)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "taskset",
                "-c",
                processors,
                ProcessHandle.current().info().command().orElse("java")));
        command.addAll(HEAP);
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command)
                .redirectError(Redirect.appendTo(
                        folder.resolve(program.getSimpleName() + ".log").toFile()))
                .start();
        CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS)
                .execute(process::destroyForcibly);
        return new Helper(process);
    }

    /** The next line; fails if the program ended or says something else. */
    String expect(String start) throws IOException {
        String line = output.readLine();
        if (line == null || !line.startsWith(start)) {
            close();
            throw new IOException(
                    process.info().command().orElse("helper") + " said " + line + " (expected: " + start + ")");
        }
        return line;
    }

    void say(String line) throws IOException {
        process.getOutputStream().write((line + '\n').getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
