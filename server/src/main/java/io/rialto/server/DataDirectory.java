package io.rialto.server;

import io.rialto.node.DurableFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * The folder that keeps everything of one installation. Whoever runs it holds its lock, a kernel lock on a file: it ends
 * with the process however the process ends, so no lock is ever stale. Folders and files made here are its owner's alone.
 */
final class DataDirectory implements AutoCloseable {
    private static final boolean POSIX =
            FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

    private final Path root;
    private @Nullable FileChannel lock;

    DataDirectory(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    Path root() {
        return root;
    }

    /** A path in this folder. */
    Path path(String first, String... more) {
        return root.resolve(Path.of(first, more));
    }

    /** A folder in this folder, made where it is missing. */
    Path folder(String first, String... more) {
        Path folder = path(first, more);
        try {
            Files.createDirectories(folder, permissions("rwx------"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make the folder " + folder + ": " + e.getMessage(), e);
        }
        return folder;
    }

    /** Takes the lock, and makes the folder where it is missing. */
    DataDirectory hold() {
        Path file = folder("").resolve("lock");
        FileChannel channel = null;
        try {
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock held = channel.tryLock();
            if (held == null) {
                throw new CommandFailure(root + " is in use by process "
                        + Files.readString(file).strip()
                        + " (expected: one running rialto per data directory; stop that one or give"
                        + " another --data)");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
            lock = channel;
            channel = null;
            return this;
        } catch (OverlappingFileLockException e) {
            throw new CommandFailure(root + " is in use by this process already");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot lock " + file + ": " + e.getMessage(), e);
        } finally {
            closeQuietly(channel);
        }
    }

    /** Writes a file whole or not at all, readable by its owner only. */
    static void write(Path file, byte[] content) {
        try {
            DurableFiles.replace(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    static void write(Path file, String content) {
        write(file, content.getBytes(StandardCharsets.UTF_8));
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Deletes a file, if it is there. */
    static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + file + ": " + e.getMessage(), e);
        }
    }

    private static FileAttribute<?>[] permissions(String text) {
        return POSIX
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text))}
                : new FileAttribute<?>[0];
    }

    @Override
    public void close() {
        closeQuietly(lock);
        lock = null;
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // The lock is gone either way; nothing was written through it that matters.
            }
        }
    }
}
