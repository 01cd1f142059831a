package io.rialto.node.postgres;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A standby's data directory from that of a running server, by PostgreSQL's low-level backup interface. Pages that are
 * torn while they are copied are whole again after the log since the start of the backup is replayed.
 */
final class DirectoryCopy {
    private static final String CONTROL_FILE = "pg_control";
    /** Folders that must be there, whose content belongs to the running server only. */
    private static final Set<String> EMPTIED = Set.of(
            "pg_wal",
            "pg_replslot",
            "pg_dynshmem",
            "pg_notify",
            "pg_serial",
            "pg_snapshots",
            "pg_stat_tmp",
            "pg_subtrans",
            "log");

    private static final Set<String> LEFT_OUT =
            Set.of("postmaster.pid", "postmaster.opts", "backup_label", "tablespace_map", "standby.signal");

    private DirectoryCopy() {}

    /**
     * Copies.
     *
     * @param settings of the copy, over those of the source
     */
    static void take(DatabaseAddress source, Path from, Path to, Map<String, String> settings)
            throws IOException, SQLException {
        try (Connection connection = DriverManager.getConnection(source.url(), source.user(), source.password());
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_backup_start('copy', true)");
            Files.createDirectory(
                    to, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Files.walkFileTree(from, new Visitor(from, to));
            // Last, so that it is no older than what it speaks of.
            Path control = Path.of("global", CONTROL_FILE);
            Files.copy(from.resolve(control), to.resolve(control));
            String label;
            try (ResultSet row = statement.executeQuery("SELECT labelfile FROM pg_backup_stop(false)")) {
                row.next();
                label = row.getString(1);
            }
            Files.createDirectories(to.resolve("pg_wal/archive_status"));
            Files.createDirectories(to.resolve("pg_wal/summaries"));
            Files.writeString(to.resolve("backup_label"), label);
        }
        makeStandby(to, settings);
    }

    /** What starts in this directory takes the log of another server, or waits for one. */
    static void makeStandby(Path data, Map<String, String> settings) throws IOException {
        StringBuilder lines = new StringBuilder();
        Path file = data.resolve("postgresql.auto.conf");
        if (Files.exists(file)) {
            lines.append(Files.readString(file));
        }
        // Of several lines about one setting the last holds.
        new TreeMap<>(settings)
                .forEach((name, value) -> lines.append(name)
                        .append(" = '")
                        .append(value.replace("'", "''"))
                        .append("'\n"));
        Files.writeString(file, lines);
        Path signal = data.resolve("standby.signal");
        if (!Files.exists(signal)) {
            Files.createFile(signal);
        }
    }

    private static final class Visitor extends SimpleFileVisitor<Path> {
        private final Path from;
        private final Path to;

        Visitor(Path from, Path to) {
            this.from = from;
            this.to = to;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) throws IOException {
            if (directory.equals(from)) {
                return FileVisitResult.CONTINUE;
            }
            Path relative = from.relativize(directory);
            Files.createDirectories(
                    to.resolve(relative),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            return EMPTIED.contains(relative.toString()) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Path relative = from.relativize(file);
            String name = relative.toString();
            if (LEFT_OUT.contains(name) || name.equals("global/" + CONTROL_FILE)) {
                return FileVisitResult.CONTINUE;
            }
            try {
                Files.copy(file, to.resolve(relative), StandardCopyOption.COPY_ATTRIBUTES);
            } catch (NoSuchFileException e) {
                // Dropped meanwhile; the log says so too.
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
            if (failure instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
            }
            throw failure;
        }
    }
}
