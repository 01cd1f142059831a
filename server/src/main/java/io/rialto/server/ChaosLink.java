package io.rialto.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A TCP link, such as that between an edge and its database, that can be made slow, silent in one or both directions, or cut. */
final class ChaosLink implements AutoCloseable {
    private static final int CHUNK = 64 * 1024;
    private static final int BACKLOG = 128;
    /** Longer than any fault: whoever connects gives up before. */
    private static final int CONNECT_MILLIS = 30_000;

    /**
     * How the link is.
     *
     * @param there whether bytes get to the far end
     * @param back whether bytes come from it
     * @param cut whether there are no connections
     * @param delay of each chunk, in each direction
     */
    record State(boolean there, boolean back, boolean cut, Duration delay) {
        static final State WHOLE = new State(true, true, false, Duration.ZERO);
    }

    private final InetSocketAddress target;
    private final InetAddress own;
    private final ServerSocket server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile State state = State.WHOLE;

    private ChaosLink(InetSocketAddress target, InetAddress own, ServerSocket server) {
        this.target = target;
        this.own = own;
        this.server = server;
    }

    /** A link to a port of the loopback address. */
    static ChaosLink to(int target) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return to(new InetSocketAddress(loopback, target), loopback);
    }

    /** A link to anywhere, which is one end of all its connections by an address of its own. */
    static ChaosLink to(InetSocketAddress target, InetAddress own) throws IOException {
        ChaosLink link = new ChaosLink(target, own, new ServerSocket(0, BACKLOG, own));
        link.threads.execute(link::accept);
        return link;
    }

    /** Host and port, as in an URL. */
    String address() {
        return own.getHostAddress() + ":" + port();
    }

    int port() {
        return server.getLocalPort();
    }

    void set(State next) {
        lock.lock();
        try {
            state = next;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (next.cut()) {
            sockets.forEach(ChaosLink::end);
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket near = server.accept();
                threads.execute(() -> connect(near));
            } catch (IOException | RejectedExecutionException e) {
                // This link is closed: the edge sees its connection end.
            }
        }
    }

    /** Not by the thread that accepts: a machine that is cut off does not answer for long. */
    private void connect(Socket near) {
        Socket far = new Socket();
        try {
            if (state.cut()) {
                end(near);
                return;
            }
            sockets.add(near);
            sockets.add(far);
            far.bind(new InetSocketAddress(own, 0));
            far.connect(target, CONNECT_MILLIS);
            threads.execute(() -> pump(far, near, false));
            pump(near, far, true);
        } catch (IOException | RejectedExecutionException e) {
            // The database is away, or this link is closed: the edge sees its connection end.
            end(near);
            end(far);
            sockets.remove(near);
            sockets.remove(far);
        }
    }

    private void pump(Socket from, Socket to, boolean there) {
        byte[] chunk = new byte[CHUNK];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                pass(there);
                out.write(chunk, 0, read);
            }
        } catch (IOException e) {
            // One end is gone: the other is told below.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            end(from);
            end(to);
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    /** Waits as the link is now; bytes that wait when it is whole again arrive late, as after a network's retransmission. */
    private void pass(boolean there) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(state.delay().toNanos());
        lock.lock();
        try {
            while (!(there ? state.there() : state.back())) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone either way.
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            // It is gone either way.
        }
        sockets.forEach(ChaosLink::end);
        threads.shutdownNow();
    }
}
