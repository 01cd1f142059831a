package io.rialto.server;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Makes faults, and ends them. */
final class ChaosFaults {
    private static final Duration DELAY = Duration.ofMillis(200);
    private static final Duration AHEAD = Duration.ofHours(1);
    /** Below what a caller's token may be early: publishes go on. */
    private static final Duration BEHIND = Duration.ofSeconds(4);

    private static final String DISK = "1g";
    private static final int BLOCK = 1 << 20;

    private final ChaosCell cell;
    private final Path disk;

    ChaosFaults(ChaosCell cell, Path disk) {
        this.cell = cell;
        this.disk = disk;
    }

    /** Gives a folder a small disk of its own; whether that is allowed here. */
    static boolean mount(Path folder) throws IOException, InterruptedException {
        return run("mount", "-t", "tmpfs", "-o", "size=" + DISK, "tmpfs", folder.toString());
    }

    static void unmount(Path folder) throws IOException, InterruptedException {
        run("umount", folder.toString());
    }

    void make(ChaosFault.Step step) throws IOException, InterruptedException {
        ChaosProcess edge = cell.edges().get(step.edge());
        ChaosLink link = cell.link(step.edge());
        switch (step.fault()) {
            case KILL_EDGE -> edge.kill();
            case KILL_DATABASE -> cell.postgres().postmaster().ifPresent(ProcessHandle::destroyForcibly);
            case STOP_EDGE -> signal("STOP", List.of(edge.handle()));
            case STOP_DATABASE -> signal("STOP", cell.postgres().processes());
            case PARTITION -> link.set(new ChaosLink.State(false, false, false, Duration.ZERO));
            case NOTHING_TO_DATABASE -> link.set(new ChaosLink.State(false, true, false, Duration.ZERO));
            case NOTHING_FROM_DATABASE -> link.set(new ChaosLink.State(true, false, false, Duration.ZERO));
            case CUT -> link.set(new ChaosLink.State(true, true, true, Duration.ZERO));
            case SLOW -> link.set(new ChaosLink.State(true, true, false, DELAY));
            case FULL_DISK -> fill();
            case CLOCK_AHEAD -> edge.moveClock(AHEAD);
            case CLOCK_BEHIND -> edge.moveClock(BEHIND.negated());
        }
    }

    void end(ChaosFault.Step step) throws IOException, InterruptedException {
        ChaosProcess edge = cell.edges().get(step.edge());
        switch (step.fault()) {
            case KILL_EDGE -> {
                edge.startAgain();
                edge.awaitReady();
            }
            case KILL_DATABASE -> {}
            case STOP_EDGE -> signal("CONT", List.of(edge.handle()));
            case STOP_DATABASE -> signal("CONT", cell.postgres().processes());
            case PARTITION, NOTHING_TO_DATABASE, NOTHING_FROM_DATABASE, CUT, SLOW ->
                cell.link(step.edge()).set(ChaosLink.State.WHOLE);
            case FULL_DISK -> Files.deleteIfExists(filler());
            case CLOCK_AHEAD, CLOCK_BEHIND -> edge.moveClock(Duration.ZERO);
        }
    }

    /** Lets what is paused go on, so that it can be ended in order. */
    void resume() throws IOException, InterruptedException {
        signal("CONT", cell.postgres().processes());
    }

    static void signal(String name, List<ProcessHandle> processes) throws IOException, InterruptedException {
        for (ProcessHandle process : processes) {
            // One that has just ended is not there any more, which is no failure.
            run("sh", "-c", "kill -" + name + " " + process.pid());
        }
    }

    private Path filler() {
        return disk.resolve("filler");
    }

    private void fill() {
        byte[] block = new byte[BLOCK];
        try (OutputStream out = Files.newOutputStream(filler())) {
            while (true) {
                out.write(block);
            }
        } catch (IOException e) {
            // No space is left, as it should be.
            assert Files.exists(filler()) : e;
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}
