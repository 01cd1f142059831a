package io.rialto.benchmark;

import java.io.IOException;
import java.util.List;

/** A system that keeps messages for users: running, and ready for all of them. */
interface Messaging extends AutoCloseable {
    String name();

    /** Version and the settings that matter for what it keeps. */
    String description();

    /** Whether what it acknowledges is on the disk, by fsync, before it acknowledges. */
    boolean isDurable();

    /** Connections to publish over. */
    Sender sender() throws IOException, InterruptedException;

    /** Called within its warm-up, some seconds before it ends: to do what a system does that has run for a while. */
    default void settle() throws IOException {}

    /** What its process of messages and connections is; a database beside it is not in here. */
    Child child();

    /** Resident kilobytes of that process. */
    default long residentKilobytes() throws IOException, InterruptedException {
        return child().residentKilobytes();
    }

    /** What a program that plays devices must be told to find it; empty where it has none. */
    default List<String> deviceArguments() {
        return List.of();
    }

    @Override
    void close();
}
