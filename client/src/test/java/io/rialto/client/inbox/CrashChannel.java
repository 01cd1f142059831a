package io.rialto.client.inbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/**
 * A file of a {@link CrashDisk}. Forcing it is noted, and costs nothing: the disk decides what was kept. A way of writing or
 * reading that the journal does not use is refused, as it would pass the disk by, and what is written so would survive every crash.
 */
final class CrashChannel extends FileChannel {
    private final CrashDisk disk;
    private final Path file;
    private final FileChannel channel;

    CrashChannel(CrashDisk disk, Path file, FileChannel channel) {
        this.disk = disk;
        this.file = file;
        this.channel = channel;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        int written = disk.write(file, channel, bytes, channel.position());
        channel.position(channel.position() + written);
        return written;
    }

    @Override
    public int write(ByteBuffer bytes, long position) throws IOException {
        return disk.write(file, channel, bytes, position);
    }

    @Override
    public void force(boolean metaData) {
        disk.forced(file);
    }

    @Override
    public FileChannel truncate(long size) throws IOException {
        disk.truncated(file, size);
        channel.truncate(size);
        return this;
    }

    @Override
    public long position() throws IOException {
        return channel.position();
    }

    @Override
    public FileChannel position(long position) throws IOException {
        channel.position(position);
        return this;
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        return channel.read(to);
    }

    @Override
    public int read(ByteBuffer to, long position) throws IOException {
        return channel.read(to, position);
    }

    @Override
    public FileLock tryLock(long position, long size, boolean shared) throws IOException {
        return channel.tryLock(position, size, shared);
    }

    @Override
    protected void implCloseChannel() throws IOException {
        channel.close();
    }

    @Override
    public long write(ByteBuffer[] from, int offset, int length) {
        throw new UnsupportedOperationException("gathering writes");
    }

    @Override
    public long read(ByteBuffer[] to, int offset, int length) {
        throw new UnsupportedOperationException("scattering reads");
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) {
        throw new UnsupportedOperationException("transfers");
    }

    @Override
    public long transferFrom(ReadableByteChannel from, long position, long count) {
        throw new UnsupportedOperationException("transfers");
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long size) {
        throw new UnsupportedOperationException("maps");
    }

    @Override
    public FileLock lock(long position, long size, boolean shared) {
        throw new UnsupportedOperationException("a lock that waits");
    }
}
