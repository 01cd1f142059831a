package io.rialto.client;

import io.rialto.client.inbox.Notes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The app's part of the storage. What fails is reported and done without: a phone with a full disk still calls. */
final class Kept implements Notes {
    private final Storage storage;
    private final String prefix;
    private final Reporter reporter;

    Kept(Storage storage, String app, Reporter reporter) {
        this.storage = storage;
        this.prefix = app + ".";
        this.reporter = reporter;
    }

    @Override
    public byte @Nullable [] get(String name) {
        try {
            return storage.get(prefix + name);
        } catch (IOException e) {
            reporter.report("storage: cannot read " + name + ": " + e.getMessage());
            return null;
        }
    }

    @Override
    public void put(String name, byte[] value) {
        try {
            storage.put(prefix + name, value);
        } catch (IOException e) {
            reporter.report("storage: cannot write " + name + ", it is lost when the app ends: " + e.getMessage());
        }
    }

    void remove(String name) {
        try {
            storage.remove(prefix + name);
        } catch (IOException e) {
            reporter.report("storage: cannot remove " + name + ": " + e.getMessage());
        }
    }

    void report(String message) {
        reporter.report(message);
    }
}
