package io.rialto.server;

import io.rialto.node.JsonException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The file of a history, JSON lines in the order in which things were noticed. Any thread may add. */
final class ChaosHistory implements AutoCloseable {
    private final Path file;
    private final BufferedWriter writer;

    ChaosHistory(Path file) throws IOException {
        this.file = file;
        this.writer = Files.newBufferedWriter(file);
    }

    synchronized void add(ChaosEvent event) {
        try {
            writer.write(event.line());
            writer.newLine();
        } catch (IOException e) {
            throw new UncheckedIOException("the history cannot be written to " + file, e);
        }
    }

    /** Everything so far, as the file has it. */
    synchronized List<ChaosEvent> read() throws IOException {
        writer.flush();
        List<ChaosEvent> events = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                events.add(ChaosEvent.parse(line));
            }
        } catch (JsonException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
        return events;
    }

    @Override
    public synchronized void close() throws IOException {
        writer.close();
    }
}
