package io.rialto.node.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How to run PostgreSQL's programs, which refuse to run as root. As root they get a user namespace of their own, in which
 * they are nobody but own the same files; where the kernel forbids that, they run as the user {@code nobody} (65534),
 * which then owns the data directory. A directory that another user owns keeps its owner.
 */
record Unprivileged(List<String> prefix, int owner) {
    private static final int NOBODY = 65534;
    private static final int PROBE_SECONDS = 10;
    private static final int UNCHANGED = -1;

    static Unprivileged choose(Path directory) throws IOException, InterruptedException {
        int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        if (self != 0) {
            return new Unprivileged(session(List.of()), UNCHANGED);
        }
        int owner = (int) Files.getAttribute(directory, "unix:uid");
        if (owner == 0 && works(List.of("unshare", "-U"))) {
            return new Unprivileged(session(List.of("unshare", "-U")), UNCHANGED);
        }
        return switchedTo(owner == 0 ? NOBODY : owner);
    }

    static Unprivileged switchedTo(int uid) throws IOException, InterruptedException {
        List<String> switching = List.of("setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups");
        if (!works(switching)) {
            throw new IOException("PostgreSQL does not run as root, and neither unshare -U nor setpriv works here"
                    + " (expected: one of them, or another user, or the url of an external server)");
        }
        return new Unprivileged(session(switching), uid);
    }

    /** A session of its own keeps a terminal's Ctrl-C, which the whole foreground group gets, away from the database. */
    private static List<String> session(List<String> prefix) throws InterruptedException {
        if (!works(List.of("setsid"))) {
            return prefix;
        }
        List<String> all = new ArrayList<>(prefix);
        all.add("setsid");
        return List.copyOf(all);
    }

    private static boolean works(List<String> prefix) throws InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.add("true");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (process.waitFor(PROBE_SECONDS, TimeUnit.SECONDS)) {
                return process.exitValue() == 0;
            }
            process.destroyForcibly();
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    /** Hands everything below the directory to the user that the programs run as. */
    void own(Path directory) throws IOException {
        if (owner == UNCHANGED) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(directory)) {
            paths = walk.toList();
        }
        for (Path path : paths) {
            Files.setAttribute(path, "unix:uid", owner, LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(path, "unix:gid", owner, LinkOption.NOFOLLOW_LINKS);
        }
    }

    List<String> command(List<String> program) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(program);
        return all;
    }
}
