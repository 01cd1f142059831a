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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A TCP link between an edge and its database that can be made slow, silent in one or both directions, or cut. */
final class ChaosLink implements AutoCloseable {
    private static final int CHUNK = 64 * 1024;
    private static final int BACKLOG = 128;

    /**
     * How the link is.
     *
     * @param there whether bytes get to the database
     * @param back whether bytes come from it
     * @param cut whether there are no connections
     * @param delay of each chunk, in each direction
     */
    record State(boolean there, boolean back, boolean cut, Duration delay) {
        static final State WHOLE = new State(true, true, false, Duration.ZERO);
    }

    private final int target;
    private final ServerSocket server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile State state = State.WHOLE;

    private ChaosLink(int target, ServerSocket server) {
        this.target = target;
        this.server = server;
    }

    /** A link to a port of the loopback address. */
    static ChaosLink to(int target) throws IOException {
        ChaosLink link = new ChaosLink(target, new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress()));
        link.threads.execute(link::accept);
        return link;
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
            Socket near = null;
            try {
                near = server.accept();
                if (state.cut()) {
                    end(near);
                    continue;
                }
                Socket far = new Socket();
                sockets.add(near);
                sockets.add(far);
                far.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
                Socket edge = near;
                threads.execute(() -> pump(edge, far, true));
                threads.execute(() -> pump(far, edge, false));
            } catch (IOException e) {
                // The database is away, or this link is closed: the edge sees its connection end.
                if (near != null) {
                    end(near);
                }
            }
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
