package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The last answers of an operation's backend, kept to be given as mocks. Safe for all threads. */
final class Samples {
    /** Larger answers are not kept: with 100 of them the memory of one operation stays below 7 MB. */
    private static final int MAX_BYTES = 64 * 1024;

    /** One answer. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    record Sample(int status, AsciiString contentType, byte[] body) {}

    private final int capacity;
    private final AtomicReferenceArray<@Nullable Sample> ring;
    private final AtomicInteger written = new AtomicInteger();

    Samples(int capacity) {
        this.capacity = capacity;
        this.ring = new AtomicReferenceArray<>(Math.max(1, capacity));
    }

    void record(int status, HeaderList headers, ByteBuf body) {
        if (capacity == 0 || body.readableBytes() > MAX_BYTES) {
            return;
        }
        byte[] bytes = new byte[body.readableBytes()];
        body.getBytes(body.readerIndex(), bytes);
        AsciiString type = headers.get(Names.CONTENT_TYPE);
        int turn = written.getAndUpdate(n -> n == Integer.MAX_VALUE ? capacity : n + 1);
        ring.set(turn % capacity, new Sample(status, type == null ? Names.JSON : type, bytes));
    }

    /** The sample of a hash, always the same while none is added; null where there is none. */
    @Nullable
    Sample choose(int hash) {
        int count = Math.min(capacity, written.get());
        return count == 0 ? null : ring.get(Math.floorMod(hash, count));
    }
}
