package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {
    @TempDir
    private Path folder;

    private final LinkedBlockingQueue<String> reports = new LinkedBlockingQueue<>();

    @Test
    void starts_a_program_again_when_it_ends_by_itself() throws Exception {
        try (ChildProcess child = start("exec sleep 300")) {
            ProcessHandle first = ProcessHandle.of(pid()).orElseThrow();
            first.destroyForcibly();
            assertThat(reports.poll(10, TimeUnit.SECONDS))
                    .contains("sleeper")
                    .contains("ended with status")
                    .contains("starting it again in 500 ms");
            awaitPidOtherThan(first.pid());
            assertThat(child.running()).isTrue();
        }
    }

    @Test
    void ends_the_program_with_its_owner() throws Exception {
        ChildProcess child = start("exec sleep 300");
        ProcessHandle running = ProcessHandle.of(pid()).orElseThrow();
        child.close();
        assertThat(running.isAlive()).isFalse();
        assertThat(folder.resolve("pid")).doesNotExist();
        assertThat(reports).isEmpty();
    }

    @Test
    void ends_what_an_earlier_owner_left_over() throws Exception {
        Process left = new ProcessBuilder("sleep", "300").start();
        DataDirectory.write(
                folder.resolve("pid"),
                left.pid() + " " + left.info().startInstant().orElseThrow());
        start("exec sleep 300").close();
        assertThat(left.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(reports.poll()).contains("left over");
    }

    @Test
    void spares_a_process_that_merely_got_the_same_id() throws Exception {
        Process other = new ProcessBuilder("sleep", "300").start();
        try {
            DataDirectory.write(folder.resolve("pid"), other.pid() + " " + Instant.EPOCH);
            start("exec sleep 300").close();
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroy();
        }
    }

    private void awaitPidOtherThan(long first) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (pid() == first && System.nanoTime() < end) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        assertThat(pid()).isNotEqualTo(first);
    }

    private ChildProcess start(String script) {
        return ChildProcess.start(
                new ChildProcess.Program(
                        "sleeper",
                        List.of("/bin/sh", "-c", "cd " + folder + "; " + script),
                        Map.of(),
                        folder.resolve("output"),
                        folder.resolve("pid")),
                reports::add);
    }

    private long pid() {
        String text = DataDirectory.read(folder.resolve("pid"));
        return Long.parseLong(text.substring(0, text.indexOf(' ')));
    }
}
