package io.rialto.node.postgres;

import io.rialto.node.DurableFiles;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A data directory with the programs that work on it. All settings that durability rests on are given on the command
 * line, where neither a file nor {@code ALTER SYSTEM} can change them.
 */
final class PostgresCluster {
    static final String SUPERUSER = "rialto";

    private static final Logger LOG = LoggerFactory.getLogger(PostgresCluster.class);
    private static final int INITDB_SECONDS = 300;
    /** A checkpoint at shutdown writes out all of the shared buffers. */
    private static final int STOP_SECONDS = 60;
    /** Backends see the death of their postmaster at once, unless they are in the middle of writing. */
    private static final int ORPHAN_SECONDS = 30;

    private static final int MAX_OUTPUT = 2000;

    private final Path home;
    private final Path directory;
    private final Path data;
    private final Unprivileged unprivileged;

    PostgresCluster(Path home, Path directory, Unprivileged unprivileged) {
        this.home = home;
        this.directory = directory;
        this.data = directory.resolve("data");
        this.unprivileged = unprivileged;
    }

    /** Makes the data directory unless it is there; one whose making was interrupted is made anew. */
    void initialise(String password, PostgresPlace place) throws IOException, InterruptedException {
        if (Files.exists(data)) {
            return;
        }
        Path fresh = directory.resolve("initdb");
        run("rm", List.of("rm", "-rf", fresh.toString()), INITDB_SECONDS);
        Files.createDirectory(fresh);
        Path pgdata = fresh.resolve("data");
        Path passwordFile = fresh.resolve("password");
        DurableFiles.createOnce(passwordFile, password.getBytes(StandardCharsets.UTF_8));
        unprivileged.own(fresh);
        run(
                "initdb",
                unprivileged.command(List.of(
                        home.resolve("bin/initdb").toString(),
                        "--pgdata=" + pgdata,
                        "--username=" + SUPERUSER,
                        "--pwfile=" + passwordFile,
                        "--auth=scram-sha-256",
                        "--encoding=UTF8",
                        "--locale-provider=builtin",
                        "--locale=C.UTF-8",
                        "--data-checksums")),
                INITDB_SECONDS);
        Files.writeString(pgdata.resolve("pg_hba.conf"), place.rules(), StandardOpenOption.APPEND);
        Files.move(pgdata, data);
        Files.delete(passwordFile);
        Files.delete(fresh);
    }

    Process launch(int port, PostgresServer.Options options) throws IOException {
        List<String> program =
                new ArrayList<>(List.of(home.resolve("bin/postgres").toString(), "-D", data.toString()));
        List<String> settings = new ArrayList<>(settings(port, options));
        options.replication().ifPresent(replication -> settings.addAll(replication.settings()));
        for (String setting : settings) {
            program.add("-c");
            program.add(setting);
        }
        return builder(options.place().command(unprivileged.command(program)))
                .redirectOutput(directory.resolve("start.log").toFile())
                .start();
    }

    private static List<String> settings(int port, PostgresServer.Options options) {
        return List.of(
                "port=" + port,
                "listen_addresses=" + options.place().host(),
                "unix_socket_directories=",
                "fsync=on",
                "full_page_writes=on",
                "synchronous_commit=on",
                "wal_level=logical",
                // Each move of a shard has a stream of its own, and a cell that is drained several at once.
                "max_replication_slots=64",
                "max_wal_senders=64",
                // A stream that nobody reads must not fill the disk: it is cut, and its copy made anew.
                "max_slot_wal_keep_size=16GB",
                "max_logical_replication_workers=32",
                "max_worker_processes=48",
                // A stream that has lost its peer is noticed, and tried again, within seconds.
                "wal_sender_timeout=2s",
                "wal_receiver_timeout=2s",
                "wal_retrieve_retry_interval=200ms",
                "max_connections=" + options.maxConnections(),
                "shared_buffers=" + Math.max(128, options.sharedBuffers().bytes() / 1024) + "kB",
                // By time and not by a burst of writes, which would make every page be logged whole again so soon.
                "max_wal_size=2GB",
                // A new file of the log is written once before its use, and all commits wait: old ones are kept for
                // that.
                "min_wal_size=512MB",
                // All statements here take milliseconds.
                "jit=off",
                "password_encryption=scram-sha-256",
                "log_timezone=UTC",
                "timezone=UTC",
                // A week of logs, each day's file replaced by that of the next week.
                "logging_collector=on",
                "log_directory=log",
                "log_filename=postgresql-%a.log",
                "log_rotation_age=1d",
                "log_rotation_size=0",
                "log_truncate_on_rotation=on");
    }

    Unprivileged unprivileged() {
        return unprivileged;
    }

    /** Removes a tree of which the server's user owns parts. */
    void remove(Path tree) throws IOException, InterruptedException {
        run("rm", List.of("rm", "-rf", tree.toString()), INITDB_SECONDS);
    }

    /** What it last said: before it has opened its own log, and in that. */
    String startLog() {
        try {
            String text = Files.readString(directory.resolve("start.log")) + newestLog();
            return text.substring(Math.max(0, text.length() - MAX_OUTPUT)).strip();
        } catch (IOException e) {
            return "no start.log: " + e.getMessage();
        }
    }

    private String newestLog() throws IOException {
        Path logs = data.resolve("log");
        if (!Files.isDirectory(logs)) {
            return "";
        }
        List<Path> all;
        try (Stream<Path> files = Files.list(logs)) {
            all = files.toList();
        }
        if (all.isEmpty()) {
            return "";
        }
        Path newest = all.getFirst();
        for (Path one : all) {
            if (Files.getLastModifiedTime(one).compareTo(Files.getLastModifiedTime(newest)) > 0) {
                newest = one;
            }
        }
        try (RandomAccessFile file = new RandomAccessFile(newest.toFile(), "r")) {
            file.seek(Math.max(0, file.length() - MAX_OUTPUT));
            byte[] end = new byte[MAX_OUTPUT];
            int length = Math.max(0, file.read(end));
            return "\n" + new String(end, 0, length, StandardCharsets.UTF_8);
        }
    }

    /** Immediate shutdown, as by a crash: for a server that waits for what will not come. */
    void stopAtOnce() throws IOException, InterruptedException {
        pgCtl("immediate");
    }

    /**
     * Ends all its processes by a signal that none can put off, as a loss of the machine would. Nothing is written.
     */
    void kill() throws IOException, InterruptedException {
        if (!Files.isDirectory(data)) {
            return;
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(ORPHAN_SECONDS);
        for (List<Long> left = processes(); !left.isEmpty(); left = processes()) {
            if (System.nanoTime() > deadline) {
                throw new IOException(data + ": processes " + left + " do not end (expected: none)");
            }
            left.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** Fast shutdown: sessions end, transactions roll back, everything is written. */
    void stop() throws IOException, InterruptedException {
        try {
            pgCtl("fast");
        } catch (IOException e) {
            LOG.warn("{}: fast shutdown failed, stopping at once (the next start recovers): {}", data, e.getMessage());
            pgCtl("immediate");
        }
    }

    private void pgCtl(String mode) throws IOException, InterruptedException {
        List<String> program = List.of(
                home.resolve("bin/pg_ctl").toString(),
                "stop",
                "--pgdata=" + data,
                "--mode=" + mode,
                "--wait",
                "--timeout=" + STOP_SECONDS);
        run("pg_ctl stop", unprivileged.command(program), STOP_SECONDS + 5);
    }

    /**
     * Ends what an earlier process of ours left behind: a postmaster is stopped in order, backends without one are
     * waited for, and a pid file that names a foreign process is removed, since PostgreSQL would take that for its own.
     * Only to be called while holding the directory's lock.
     */
    void endOrphans() throws IOException, InterruptedException {
        Path pidFile = data.resolve("postmaster.pid");
        OptionalLong postmaster = pid(pidFile);
        if (postmaster.isPresent() && processes().contains(postmaster.getAsLong())) {
            LOG.warn(
                    "{}: PostgreSQL of an earlier process still runs as {}, stopping it", data, postmaster.getAsLong());
            stop();
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(ORPHAN_SECONDS);
        while (!processes().isEmpty()) {
            if (System.nanoTime() > deadline) {
                throw new IOException(data + ": processes " + processes() + " of an earlier PostgreSQL do not end"
                        + " (expected: none; end them, then start again)");
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        Files.deleteIfExists(pidFile);
    }

    private static OptionalLong pid(Path pidFile) throws IOException {
        if (!Files.exists(pidFile)) {
            return OptionalLong.empty();
        }
        try (Stream<String> lines = Files.lines(pidFile)) {
            return lines.limit(1)
                    .mapToLong(line -> Long.parseLong(line.strip()))
                    .findFirst();
        } catch (NumberFormatException | UncheckedIOException e) {
            return OptionalLong.empty();
        }
    }

    /** The processes that work in the data directory, which every process of PostgreSQL does. */
    private List<Long> processes() throws IOException {
        Path real = data.toRealPath();
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.map(ProcessHandle::pid).filter(pid -> worksIn(pid, real)).toList();
        }
    }

    private static boolean worksIn(long pid, Path directory) {
        try {
            return Files.readSymbolicLink(Path.of("/proc", Long.toString(pid), "cwd"))
                            .equals(directory)
                    && Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
                            .startsWith("postgres");
        } catch (IOException e) {
            // gone meanwhile, or another user's
            return false;
        }
    }

    private void run(String name, List<String> command, int seconds) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "command-", ".log");
        try {
            Process process = builder(command).redirectOutput(output.toFile()).start();
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(name + ": not done after " + seconds + " s");
            }
            if (process.exitValue() != 0) {
                String text = Files.readString(output);
                throw new IOException(name + ": exit code " + process.exitValue() + ": "
                        + text.substring(Math.max(0, text.length() - MAX_OUTPUT))
                                .strip());
            }
        } finally {
            Files.delete(output);
        }
    }

    private ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
        builder.environment().put("LC_ALL", "C");
        return builder;
    }
}
