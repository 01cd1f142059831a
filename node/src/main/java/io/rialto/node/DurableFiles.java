package io.rialto.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files that are there completely or not at all, whenever the machine stops, and that only their owner reads. */
public final class DurableFiles {
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private DurableFiles() {}

    /** Puts the bytes in the place of the file. */
    public static void replace(Path file, byte[] content) throws IOException {
        Path parent = parent(file);
        Path next = write(parent, content);
        try {
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            sync(parent);
        } finally {
            Files.deleteIfExists(next);
        }
    }

    /** Makes the file unless it is there; of several processes that try at once, one wins and the others keep its file. */
    public static void createOnce(Path file, byte[] content) throws IOException {
        Path parent = parent(file);
        Path next = write(parent, content);
        try {
            Files.createLink(file, next);
            sync(parent);
        } catch (FileAlreadyExistsException e) {
            // someone else made it, completely
        } finally {
            Files.deleteIfExists(next);
        }
    }

    private static Path parent(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IOException(file + ": no file (expected: a path below a directory)");
        }
        Files.createDirectories(parent);
        return parent;
    }

    private static Path write(Path directory, byte[] content) throws IOException {
        Path next = Files.createTempFile(directory, ".next-", "", OWNER_ONLY);
        try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        return next;
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
