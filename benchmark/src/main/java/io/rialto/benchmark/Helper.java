package io.rialto.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program of this room in a JVM of its own, spoken to by lines: it says that it is ready, and waits for a line. */
final class Helper implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private Helper(Process process) {
        this.process = process;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    static Helper start(Path folder, String processors, Class<?> program, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "taskset",
                "-c",
                processors,
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx2g",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(arguments);
        return new Helper(new ProcessBuilder(command)
                .redirectError(folder.resolve(program.getSimpleName() + ".log").toFile())
                .start());
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

    void go() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
