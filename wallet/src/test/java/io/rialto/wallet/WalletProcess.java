package io.rialto.wallet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The wallet of one cell as a process of its own, which can be killed and comes again. */
final class WalletProcess implements AutoCloseable {
    private static final int LINES_TOLD = 40;

    private final TestCells cells;
    private final String cell;
    private final Path log;
    private Process process;

    WalletProcess(TestCells cells, String cell, Path directory) throws IOException {
        this.cells = cells;
        this.cell = cell;
        this.log = directory.resolve(cell + ".log");
        this.process = begin();
    }

    private Process begin() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                WalletApplication.class.getName()));
        command.addAll(cells.arguments(List.of(cell)));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /** Whether it serves; one that ended by itself, as when its database died while it began, is started again. */
    boolean serves() {
        try {
            if (!process.isAlive()) {
                process = begin();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return cells.serves(cell);
    }

    /** Ends it between two instructions, and starts it again. */
    void kill() throws IOException, InterruptedException {
        process.destroyForcibly().waitFor();
        cells.forget(cell);
        process = begin();
    }

    String told() throws IOException {
        List<String> lines = Files.readAllLines(log);
        return cell + ":\n" + String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_TOLD), lines.size()));
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }
}
