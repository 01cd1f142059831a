package io.rialto.wallet.phone;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The transfers that the wallet has acknowledged, one id a line, in a file that the ledger's check reads. Guarded by itself. */
final class Promises implements AutoCloseable {
    private final Writer file;
    private long count;

    Promises(@Nullable Path path) throws IOException {
        file = path == null ? Writer.nullWriter() : new BufferedWriter(Files.newBufferedWriter(path));
    }

    /** Only what an answer has named may come here. */
    synchronized void add(String transfer) {
        try {
            file.write(transfer);
            file.write('\n');
            count++;
        } catch (IOException e) {
            throw new UncheckedIOException("acknowledged transfers cannot be written down", e);
        }
    }

    /** All that was added is in the file. */
    synchronized void flush() throws IOException {
        file.flush();
    }

    synchronized long count() {
        return count;
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
