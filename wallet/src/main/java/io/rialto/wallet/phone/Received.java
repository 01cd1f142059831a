package io.rialto.wallet.phone;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What devices were told, in a file that {@link io.rialto.wallet.MessageCheck} reads while it grows. Guarded by itself. */
final class Received implements AutoCloseable {
    private final Writer file;
    private long count;

    Received(@Nullable Path path) throws IOException {
        file = path == null ? Writer.nullWriter() : new BufferedWriter(Files.newBufferedWriter(path));
    }

    /** A device that listens from now on. */
    synchronized void device(String uid, String device) {
        write(uid + " " + device + "\n");
    }

    /** @param messages as {@code sequence transfer leg amount} */
    synchronized void add(String uid, String device, List<String> messages) {
        StringBuilder lines = new StringBuilder();
        for (String message : messages) {
            lines.append(uid)
                    .append(' ')
                    .append(device)
                    .append(' ')
                    .append(message)
                    .append('\n');
        }
        count += messages.size();
        write(lines.toString());
    }

    private void write(String lines) {
        try {
            file.write(lines);
            file.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("received messages cannot be written down", e);
        }
    }

    synchronized long count() {
        return count;
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
