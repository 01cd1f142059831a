package io.rialto.client;

import io.rialto.client.inbox.Inbox;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.InboxState;
import io.rialto.client.inbox.JournaledHandler;
import io.rialto.client.inbox.StoredKey;
import io.rialto.protocol.ServerKey;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** An app that is there to be killed: one topic is stored by the SDK, one by the app's own little database. */
final class CrashPhone {
    private CrashPhone() {}

    @SuppressWarnings("SystemOut") // the sign for the test that waits
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        ServerKey key =
                ServerKey.of(Integer.parseInt(arguments[2]), Base64.getDecoder().decode(arguments[3]));
        Rialto rialto =
                InboxCrashTest.phone(directory, URI.create(arguments[1]), key).build();
        Inbox inbox = rialto.inbox();
        inbox.stored("payments");
        inbox.on("ledger", new Ledger(directory.resolve("ledger")));
        inbox.onState(state -> {
            if (state == InboxState.OPEN) {
                System.out.print('+');
                System.out.flush();
            }
        });
        inbox.start();
        while (true) {
            if (inbox.state() == InboxState.WAITING) {
                inbox.resume(); // the pauses are another test's
            }
            LockSupport.parkNanos(20_000_000);
        }
    }

    /** Whole lines of the database: text, name and value of the key. */
    static List<String> rows(Path file) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        String text = Files.readString(file);
        List<String> rows = new ArrayList<>(List.of(text.split("\n", -1)));
        rows.remove(rows.size() - 1); // a torn row, or nothing
        return rows;
    }

    /** One line is one transaction: the effect and its key. */
    private static final class Ledger implements JournaledHandler {
        private final FileChannel file;
        private final Path path;
        private long end;

        Ledger(Path path) throws IOException {
            this.path = path;
            this.file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            for (String row : rows(path)) {
                end += row.length() + 1;
            }
            file.truncate(end);
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
}
