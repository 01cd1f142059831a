package io.rialto.client.inbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A directory on a disk that can lose its power: whoever writes there by the ordinary calls dies at a chosen one of them, and
 * what was not forced is then kept, torn, or lost. What was forced is noted beside each file, so that a process that is
 * killed and started again does not take for durable what only the system's memory holds.
 */
public final class CrashDisk {
    /** Between which two instructions the end comes. */
    public enum Point {
        /** A write has reached the file by a part. */
        TORN,
        WRITTEN,
        FORCED,
        MOVED
    }

    /** The process ends here. */
    public static final class Crash extends Error {
        private static final long serialVersionUID = 1;

        Crash() {
            super("the process has ended");
        }
    }

    private static final String NOTE = ".durable";

    private final Path real;
    private final Random random;
    private final Predicate<Point> ends;
    private final boolean powerCut;
    private final Runnable end;
    private final CrashFileSystem fileSystem = new CrashFileSystem(this);
    private final Map<Path, Long> durable = new HashMap<>();

    /** What stood under a name before its last replacement; until the directory is forced it may come back. */
    private final Map<Path, byte[]> replaced = new HashMap<>();

    private final List<FileChannel> channels = new ArrayList<>();
    private long room = Long.MAX_VALUE;
    private boolean dead;

    /**
     * @param ends asked at each point, in order; true ends the process there
     * @param powerCut whether the end takes with it what was not forced
     * @param end ends the process; where it returns, {@link Crash} is thrown
     */
    public CrashDisk(Path real, Random random, Predicate<Point> ends, boolean powerCut, Runnable end) {
        this.real = real;
        this.random = random;
        this.ends = ends;
        this.powerCut = powerCut;
        this.end = end;
        try {
            Files.createDirectories(real);
            try (Stream<Path> files = Files.list(real)) {
                for (Path note :
                        files.filter(file -> file.toString().endsWith(NOTE)).toList()) {
                    String name = String.valueOf(note.getFileName()).replace(NOTE, "");
                    if (Files.size(note) > 0) { // else its process was killed before anything was known
                        durable.put(real.resolve(name), Long.valueOf(Files.readString(note)));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A disk where nothing happens. */
    public static CrashDisk whole(Path real) {
        return new CrashDisk(real, new Random(0), point -> false, false, () -> {});
    }

    /** How many bytes more there is room for. */
    public synchronized void room(long bytes) {
        room = bytes;
    }

    /** The directory, for who writes there. */
    public Path root() {
        return wrapped(real);
    }

    Path wrapped(Path path) {
        return (Path) Proxy.newProxyInstance(
                CrashDisk.class.getClassLoader(), new Class<?>[] {Path.class, Wrapped.class}, (self, method, given) -> {
                    if (method.getName().equals("unwrapped")) {
                        return path;
                    }
                    if (method.getName().equals("getFileSystem")) {
                        return fileSystem;
                    }
                    Object[] arguments = given == null ? new Object[0] : given.clone();
                    for (int i = 0; i < arguments.length; i++) {
                        arguments[i] = arguments[i] instanceof Path other ? unwrapped(other) : arguments[i];
                    }
                    try {
                        Object result = method.invoke(path, arguments);
                        return result instanceof Path other ? wrapped(other) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** A path of this disk. */
    interface Wrapped {
        Path unwrapped();
    }

    static Path unwrapped(Path path) {
        return path instanceof Wrapped wrapped ? wrapped.unwrapped() : path;
    }

    // What the file system tells

    synchronized FileChannel opened(Path file, FileChannel channel) {
        alive();
        channels.add(channel);
        return Files.isDirectory(file) ? new CrashChannel(this, file, channel) : tracked(file, channel);
    }

    private FileChannel tracked(Path file, FileChannel channel) {
        durable.putIfAbsent(file, size(file));
        note(file);
        return new CrashChannel(this, file, channel);
    }

    synchronized int write(Path file, FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        alive();
        if (ends.test(Point.TORN)) {
            ByteBuffer part = bytes.slice(bytes.position(), random.nextInt(bytes.remaining()));
            channel.write(part, position);
            crash();
        }
        if (bytes.remaining() > room) {
            channel.write(bytes.slice(bytes.position(), (int) room), position);
            room = 0;
            throw new IOException("No space left on device");
        }
        room -= bytes.remaining();
        int written = channel.write(bytes, position);
        at(Point.WRITTEN);
        return written;
    }

    synchronized void truncated(Path file, long size) {
        alive();
        durable.merge(file, size, Math::min);
        note(file);
    }

    synchronized void forced(Path file) {
        alive();
        if (Files.isDirectory(file)) {
            replaced.clear();
        } else {
            durable.put(file, size(file));
            note(file);
        }
        at(Point.FORCED);
    }

    synchronized void moving(Path from, Path to) throws IOException {
        alive();
        if (Files.exists(to)) {
            replaced.put(to, Arrays.copyOf(Files.readAllBytes(to), (int) durableSize(to)));
        } else {
            replaced.put(to, new byte[0]);
        }
        durable.put(to, durableSize(from));
        durable.remove(from);
        Files.deleteIfExists(noteOf(from));
    }

    synchronized void moved(Path to) {
        note(to);
        at(Point.MOVED);
    }

    synchronized void alive() {
        if (dead) {
            throw new Crash();
        }
    }

    private void at(Point point) {
        if (ends.test(point)) {
            crash();
        }
    }

    private void crash() {
        dead = true;
        try {
            if (powerCut) {
                for (Map.Entry<Path, byte[]> before : replaced.entrySet()) {
                    if (random.nextBoolean()) {
                        Files.write(before.getKey(), before.getValue());
                        durable.put(before.getKey(), (long) before.getValue().length);
                    }
                }
                for (Path file : new ArrayList<>(durable.keySet())) {
                    lose(file);
                }
            }
            for (FileChannel channel : channels) {
                channel.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        end.run();
        throw new Crash();
    }

    /** Of what was not forced some prefix is there, and of that some bytes are not. */
    private void lose(Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        int safe = (int) durableSize(file);
        byte[] all = Files.readAllBytes(file);
        int kept = safe + (all.length > safe ? random.nextInt(all.length - safe + 1) : 0);
        byte[] left = Arrays.copyOf(all, kept);
        if (kept > safe && random.nextInt(3) == 0) {
            Arrays.fill(left, safe + random.nextInt(kept - safe), kept, (byte) 0);
        }
        Files.write(file, left, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        durable.put(file, (long) kept);
        note(file);
    }

    private long durableSize(Path file) {
        return Math.min(size(file), durable.getOrDefault(file, size(file)));
    }

    private static long size(Path file) {
        try {
            return Files.exists(file) ? Files.size(file) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path noteOf(Path file) {
        return file.resolveSibling(file.getFileName() + NOTE);
    }

    private void note(Path file) {
        try {
            // of one length and in one write: whoever kills the process finds the note before or this one
            Files.writeString(
                    noteOf(file),
                    String.format(Locale.ROOT, "%019d", durableSize(file)),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
