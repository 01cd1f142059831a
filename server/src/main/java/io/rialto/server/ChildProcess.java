package io.rialto.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A program that must keep running: started again, ever later, when it ends by itself; ended with its owner. Its process
 * id and start time are kept in a file, by which an owner that comes after a crash ends what was left over, and never a
 * process that merely got the same id. All state is under one monitor, held for no longer than a process takes to fork.
 */
final class ChildProcess implements AutoCloseable {
    private static final Duration FIRST_DELAY = Duration.ofMillis(500);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);
    /** A process that ran this long had started well: its end is a new incident. */
    private static final Duration SETTLED = Duration.ofMinutes(1);
    /** What a child may take to drain before it is killed. */
    private static final Duration GRACE = Duration.ofSeconds(20);

    private final Program program;
    private final Consumer<String> report;
    private @Nullable Process process;
    private Instant startedAt = Instant.EPOCH;
    private Duration delay = FIRST_DELAY;
    private boolean closed;

    /**
     * What to run.
     *
     * @param name for messages
     * @param environment added to this process's own
     * @param output takes standard output and error
     * @param pidFile remembers the running process
     */
    record Program(String name, List<String> command, Map<String, String> environment, Path output, Path pidFile) {
        Program {
            command = List.copyOf(command);
            environment = Map.copyOf(environment);
        }
    }

    private ChildProcess(Program program, Consumer<String> report) {
        this.program = program;
        this.report = report;
    }

    /** Ends what an earlier owner left over, and starts the program. */
    static ChildProcess start(Program program, Consumer<String> report) {
        endLeftOver(program.name(), program.pidFile(), report);
        ChildProcess child = new ChildProcess(program, report);
        child.startNow();
        return child;
    }

    synchronized boolean running() {
        return process != null && process.isAlive();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // ended() does its own reporting
    private synchronized void startNow() {
        if (closed) {
            return;
        }
        try {
            ProcessBuilder builder = new ProcessBuilder(program.command())
                    .redirectErrorStream(true)
                    .redirectOutput(
                            ProcessBuilder.Redirect.appendTo(program.output().toFile()));
            builder.environment().putAll(program.environment());
            Process started = builder.start();
            process = started;
            startedAt = Instant.now();
            DataDirectory.write(program.pidFile(), identity(started.toHandle()));
            started.onExit().thenAccept(this::ended);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + program.name() + ": " + e.getMessage(), e);
        }
    }

    private synchronized void ended(Process ended) {
        if (closed) {
            return;
        }
        if (Duration.between(startedAt, Instant.now()).compareTo(SETTLED) > 0) {
            delay = FIRST_DELAY;
        }
        report.accept(program.name() + " (process " + ended.pid() + ") ended with status " + ended.exitValue()
                + "; its output is in " + program.output() + "; starting it again in " + delay.toMillis() + " ms");
        startLater();
    }

    private synchronized void startLater() {
        CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS)
                .execute(this::startAgain);
        Duration doubled = delay.multipliedBy(2);
        delay = doubled.compareTo(LONGEST_DELAY) > 0 ? LONGEST_DELAY : doubled;
    }

    private void startAgain() {
        try {
            startNow();
        } catch (UncheckedIOException e) {
            report.accept(e.getMessage() + "; trying again");
            startLater();
        }
    }

    /** Ends the process: asks, waits, and kills when it takes longer than the grace. */
    @Override
    public void close() {
        Process last;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            last = process;
        }
        if (last != null) {
            end(program.name(), last.toHandle(), report);
        }
        try {
            Files.deleteIfExists(program.pidFile());
        } catch (IOException e) {
            report.accept("cannot delete " + program.pidFile() + ": " + e.getMessage());
        }
    }

    /** Ends the process that an earlier owner, which did not end in order, has left over. */
    static void endLeftOver(String name, Path pidFile, Consumer<String> report) {
        if (!Files.exists(pidFile)) {
            return;
        }
        String left = DataDirectory.read(pidFile);
        Optional<ProcessHandle> handle = left.matches("[0-9]{1,10} .*")
                ? ProcessHandle.of(Long.parseLong(left.substring(0, left.indexOf(' '))))
                : Optional.empty();
        if (handle.isPresent() && identity(handle.get()).equals(left)) {
            report.accept("ending " + name + " (process " + handle.get().pid() + "), left over from an earlier run");
            end(name, handle.get(), report);
        }
    }

    private static void end(String name, ProcessHandle handle, Consumer<String> report) {
        handle.destroy();
        try {
            handle.onExit().get(GRACE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            report.accept(name + " did not end within " + GRACE.toSeconds() + " s; killing it");
            handle.destroyForcibly();
            handle.onExit().join();
        } catch (InterruptedException e) {
            handle.destroyForcibly();
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("waiting for process " + handle.pid() + " failed", e);
        }
    }

    private static String identity(ProcessHandle handle) {
        return handle.pid() + " "
                + handle.info().startInstant().map(Instant::toString).orElse("?");
    }
}
