package io.rialto.client.inbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An app's little database: a line is a transaction, and holds the effect and its key. */
public final class FileLedger implements JournaledHandler {
    private final FileChannel file;
    private final Path path;
    private long end;

    public FileLedger(Path path) throws IOException {
        this.path = path;
        this.file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        for (String row : rows(path)) {
            end += row.length() + 1;
        }
        file.truncate(end);
        file.force(true);
    }

    /** Whole lines: text, name and value of the key. */
    private static List<String> rows(Path file) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        List<String> rows = new ArrayList<>();
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
        lines.remove(lines.size() - 1); // a torn row, or nothing
        for (String line : lines) {
            if (!line.matches("\\S+ \\S+ [0-9a-f]+:\\d+")) {
                return rows; // what never was durable
            }
            rows.add(line);
        }
        return rows;
    }

    /** The effects, in the order of their lines. */
    public static List<String> texts(Path file) throws IOException {
        return rows(file).stream().map(row -> row.split(" ", -1)[0]).toList();
    }

    @Override
    public @Nullable String load(String name) throws IOException {
        String value = null;
        for (String row : rows(path)) {
            String[] parts = row.split(" ", -1);
            value = parts[1].equals(name) ? parts[2] : value;
        }
        return value;
    }

    @Override
    public void apply(InboxMessage message, StoredKey key) throws IOException {
        String row = message.text() + " " + key.name() + " " + key.value() + "\n";
        end += file.write(ByteBuffer.wrap(row.getBytes(StandardCharsets.UTF_8)), end);
        file.force(false);
    }

    @Override
    public void pass(StoredKey key) {
        throw new IllegalStateException("each message of this topic is for this device");
    }

    @Override
    public void forget(String name) {
        throw new IllegalStateException("the inbox stays the same");
    }
}
