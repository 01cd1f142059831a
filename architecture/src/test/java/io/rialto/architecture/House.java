package io.rialto.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The rooms as they stand on disk: their classes, sources and poms. */
final class House {
    /** Maven sets the working directory of tests to the module's folder. */
    static final Path ROOT = Path.of("").toAbsolutePath().resolveSibling("").normalize();

    /**
     * A module.
     *
     * @param folder under the root
     * @param name the last word of its base package
     * @param imports names of the rooms above it, the only ones that it may import
     */
    record Room(String folder, String name, Set<String> imports) {
        String packages() {
            return "io.rialto." + name + "..";
        }

        Path path(String child) {
            return ROOT.resolve(folder).resolve(child);
        }
    }

    static final List<Room> ROOMS = List.of(
            new Room("protocol", "protocol", Set.of()),
            new Room("node", "node", Set.of("protocol")),
            new Room("cells", "cells", Set.of("protocol", "node")),
            new Room("control", "control", Set.of("protocol", "node")),
            new Room("gateway", "gateway", Set.of("protocol", "node", "cells")),
            new Room("sync", "sync", Set.of("protocol", "node", "cells")),
            new Room("client", "client", Set.of("protocol")),
            new Room("spring-boot-starter", "starter", Set.of("protocol")),
            new Room("wallet", "wallet", Set.of("protocol", "client", "starter")),
            new Room("server", "server", Set.of("protocol", "node", "cells", "control", "gateway", "sync", "client")),
            new Room(
                    "benchmark",
                    "benchmark",
                    Set.of("protocol", "node", "cells", "control", "gateway", "sync", "client", "server")));

    /** What is shipped. */
    static final JavaClasses MAIN = read("target/classes");

    /** What tests it. */
    static final JavaClasses TESTS = read("target/test-classes");

    private House() {}

    private static JavaClasses read(String folder) {
        List<Path> folders = ROOMS.stream()
                .map(room -> room.path(folder))
                .filter(Files::isDirectory)
                .toList();
        return new ClassFileImporter().importPaths(folders);
    }

    /** All files under a room's folder that end so. */
    static List<Path> files(Room room, String folder, String end) {
        Path start = room.path(folder);
        if (!Files.isDirectory(start)) {
            return new ArrayList<>();
        }
        try (Stream<Path> all = Files.walk(start)) {
            return all.filter(file -> file.toString().endsWith(end)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
