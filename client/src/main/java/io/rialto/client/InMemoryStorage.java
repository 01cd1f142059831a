package io.rialto.client;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Keeps values as long as the process lives: each start is a new device. */
public final class InMemoryStorage implements Storage {
    private final Map<String, byte[]> values = new ConcurrentHashMap<>();

    @Override
    public byte @Nullable [] get(String name) {
        byte[] value = values.get(name);
        return value == null ? null : value.clone();
    }

    @Override
    public void put(String name, byte[] value) {
        values.put(name, value.clone());
    }

    @Override
    public void remove(String name) {
        values.remove(name);
    }
}
