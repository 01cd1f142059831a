package io.rialto.client.inbox;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;

/**
 * Records appended to a file, each whole or not there: length, CRC-32, bytes. What a crash tore off at the end is cut away
 * when the file is opened; it was never said to be durable.
 */
final class JournalFile implements Closeable {
    /** Above a batch of 64 messages of 64 KiB each. */
    static final int MAX_RECORD = 6 << 20;

    private static final byte[] MAGIC = "rialtoj1".getBytes(StandardCharsets.US_ASCII);
    private static final int HEAD = 8;

    private final Path file;
    private FileChannel channel;
    private long end;
    private boolean broken;

    private JournalFile(Path file, FileChannel channel, long end) {
        this.file = file;
        this.channel = channel;
        this.end = end;
    }

    /** Opens or makes a journal, and gives what it holds. */
    static JournalFile open(Path file, Consumer<byte[]> records, Consumer<String> report) throws IOException {
        boolean fresh = !Files.exists(file) || Files.size(file) < MAGIC.length;
        if (fresh) {
            replace(file, List.of());
        }
        long end = read(file, records);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        if (channel.size() > end) {
            report.accept(file.getFileName() + ": " + (channel.size() - end)
                    + " bytes at its end are no whole record, as after a crash; cut away");
            channel.truncate(end);
        }
        // a process that was killed may have left what it never forced, and the platform will be told of it
        channel.force(true);
        channel.position(end);
        return new JournalFile(file, channel, end);
    }

    private static long read(Path file, Consumer<byte[]> records) throws IOException {
        long size = Files.size(file);
        try (InputStream raw = Files.newInputStream(file);
                DataInputStream in = new DataInputStream(new BufferedInputStream(raw))) {
            byte[] magic = new byte[MAGIC.length];
            in.readFully(magic);
            if (!Arrays.equals(magic, MAGIC)) {
                throw new IOException(file + ": not a journal of messages (expected: it begins with rialtoj1)");
            }
            long at = MAGIC.length;
            while (size - at >= HEAD) {
                int length = in.readInt();
                int crc = in.readInt();
                // a page that never was written reads as zeros, whose CRC is right
                if (length < 1 || length > MAX_RECORD || length > size - at - HEAD) {
                    return at;
                }
                byte[] record = new byte[length];
                in.readFully(record);
                if (crc(record) != crc) {
                    return at;
                }
                records.accept(record);
                at += HEAD + length;
            }
            return at;
        } catch (EOFException e) {
            throw new IOException(file + ": became shorter while it was read", e);
        }
    }

    private static int crc(byte[] record) {
        CRC32 crc = new CRC32();
        crc.update(record, 0, record.length);
        return (int) crc.getValue();
    }

    private static ByteBuffer framed(byte[] record) {
        if (record.length < 1 || record.length > MAX_RECORD) {
            throw new IllegalArgumentException("record: " + record.length + " bytes (expected: 1.." + MAX_RECORD + ")");
        }
        byte[] framed = ByteBuffer.allocate(HEAD + record.length)
                .putInt(record.length)
                .putInt(crc(record))
                .put(record)
                .array();
        return ByteBuffer.wrap(framed);
    }

    /** Appends a record. It survives the process from now on, and the machine after {@link #force}. */
    void append(byte[] record) throws IOException {
        if (broken) {
            throw new IOException(file + ": a write failed before and could not be taken back; open the inbox anew");
        }
        ByteBuffer buffer = framed(record);
        int length = buffer.remaining();
        try {
            while (buffer.hasRemaining()) {
                channel.write(buffer, end + length - buffer.remaining());
            }
            end += length;
        } catch (IOException e) {
            takeBack();
            throw e;
        }
    }

    /** A full disk may have taken half a record: the next one must not stand behind that. */
    private void takeBack() {
        try {
            channel.truncate(end);
        } catch (IOException e) {
            broken = true;
        }
    }

    void force() throws IOException {
        try {
            channel.force(false);
        } catch (IOException e) {
            // which of the pages are on the disk is unknown from now on
            broken = true;
            throw e;
        }
    }

    /** Replaces all records; a crash leaves the old ones or the new. */
    void rewrite(List<byte[]> records) throws IOException {
        replace(file, records);
        FileChannel old = channel;
        channel = FileChannel.open(file, StandardOpenOption.WRITE);
        end = channel.size();
        broken = false;
        old.close();
    }

    private static void replace(Path file, List<byte[]> records) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try (FileChannel to = FileChannel.open(
                part, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            write(to, ByteBuffer.wrap(MAGIC));
            for (byte[] record : records) {
                write(to, framed(record));
            }
            to.force(true);
        }
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        forceDirectory(file);
    }

    private static void write(FileChannel to, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    /** The new name is durable, where a directory can be forced. */
    private static void forceDirectory(Path file) {
        Path directory = file.getParent();
        if (directory == null) {
            return;
        }
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // some systems cannot: there the file system's own order must do
            return;
        }
    }

    long size() {
        return end;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
