package io.rialto.gateway.loop;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One group of event loops for a whole gateway. Safe for all threads. */
public final class EventLoops implements AutoCloseable {
    /** More loops than any machine has cores: a larger number is a mistake in a setting. */
    public static final int MAX_LOOPS = 1024;

    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(EventLoops.class);

    /**
     * Pooled objects that a loop takes back without asking whether its thread lives, which costs as much as a header: a
     * turn of a loop gives back hundreds, the library's own bound is 32. Some 4 KB for each kind of object.
     */
    private static final String RECYCLED_AT_ONCE = "1024";

    static {
        String property = "io.netty.recycler.chunkSize";
        if (System.getProperty(property) == null) {
            System.setProperty(property, RECYCLED_AT_ONCE);
        }
    }

    /** How the kernel tells a loop about its sockets, best first. */
    public enum Transport {
        IO_URING(IoUringServerSocketChannel.class, IoUringSocketChannel.class),
        EPOLL(EpollServerSocketChannel.class, EpollSocketChannel.class),
        NIO(NioServerSocketChannel.class, NioSocketChannel.class);

        private final Class<? extends ServerChannel> server;
        private final Class<? extends Channel> client;

        Transport(Class<? extends ServerChannel> server, Class<? extends Channel> client) {
            this.server = server;
            this.client = client;
        }

        /** Whether this kernel, architecture and process allow it. */
        public boolean isAvailable() {
            return switch (this) {
                case IO_URING -> IoUring.isAvailable();
                case EPOLL -> Epoll.isAvailable();
                case NIO -> true;
            };
        }

        private IoHandlerFactory handlers() {
            return switch (this) {
                case IO_URING -> IoUringIoHandler.newFactory();
                case EPOLL -> EpollIoHandler.newFactory();
                case NIO -> NioIoHandler.newFactory();
            };
        }
    }

    private final Transport transport;
    private final MultiThreadIoEventLoopGroup group;
    private final List<Loop> loops;
    private final IdentityHashMap<EventLoop, Loop> byEventLoop = new IdentityHashMap<>();
    private final AtomicInteger turns = new AtomicInteger();

    private EventLoops(Transport transport, MultiThreadIoEventLoopGroup group) {
        this.transport = transport;
        this.group = group;
        List<Loop> all = new ArrayList<>();
        for (EventExecutor executor : group) {
            EventLoop eventLoop = (EventLoop) executor;
            Loop loop = new Loop(eventLoop, System::nanoTime);
            all.add(loop);
            byEventLoop.put(eventLoop, loop);
        }
        loops = List.copyOf(all);
        for (Loop loop : loops) {
            loop.startProbe();
        }
    }

    /** Starts loops on the best transport that works here: one that is present but not permitted is passed over. */
    public static EventLoops start(int count) {
        for (Transport transport : Transport.values()) {
            if (transport != Transport.NIO && transport.isAvailable()) {
                try {
                    return start(count, transport);
                } catch (IllegalStateException unusable) {
                    // A container may forbid io_uring, or its locked memory may be too small: take the next one.
                    LOG.warn("{} is present but cannot be used here: {}", transport, unusable.getMessage());
                }
            }
        }
        return start(count, Transport.NIO);
    }

    /**
     * Starts loops on one transport.
     *
     * @throws IllegalStateException if the kernel refuses it
     */
    public static EventLoops start(int count, Transport transport) {
        if (count < 1 || count > MAX_LOOPS) {
            throw new IllegalArgumentException("event loops: " + count + " (expected: 1.." + MAX_LOOPS + ")");
        }
        return new EventLoops(
                transport,
                new MultiThreadIoEventLoopGroup(
                        count, new DefaultThreadFactory("gateway-loop", true), transport.handlers()));
    }

    public Transport transport() {
        return transport;
    }

    public MultiThreadIoEventLoopGroup group() {
        return group;
    }

    public Class<? extends ServerChannel> serverChannel() {
        return transport.server;
    }

    public Class<? extends Channel> clientChannel() {
        return transport.client;
    }

    public List<Loop> all() {
        return loops;
    }

    /** The loops in turn. */
    public Loop next() {
        return loops.get(Math.floorMod(turns.getAndIncrement(), loops.size()));
    }

    /**
     * What belongs to one of this group's event loops.
     *
     * @throws IllegalArgumentException if it is of another group
     */
    public Loop of(EventLoop eventLoop) {
        Loop loop = byEventLoop.get(eventLoop);
        if (loop == null) {
            throw new IllegalArgumentException("event loop of another group: " + eventLoop);
        }
        return loop;
    }

    /** Ends the loops and waits a bounded time for it; whatever is still open is closed. */
    @Override
    public void close() {
        // A quiet moment first: closing connections takes a turn or two of their loop.
        group.shutdownGracefully(200, 5_000, TimeUnit.MILLISECONDS).awaitUninterruptibly(6, TimeUnit.SECONDS);
    }
}
