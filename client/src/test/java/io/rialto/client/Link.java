package io.rialto.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A link to a gateway that can freeze: bytes go in and nothing comes out, and nobody says so. */
final class Link implements Closeable {
    private final ServerSocket server;
    private final URI target;
    private final List<Connection> connections = new CopyOnWriteArrayList<>();
    final AtomicInteger accepted = new AtomicInteger();
    volatile boolean newOnesFrozen;

    Link(URI target) {
        this.target = target;
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    /** Freezes the connections that there are. */
    void freeze() {
        connections.forEach(connection -> connection.frozen = true);
    }

    private void accept() {
        try {
            while (true) {
                Socket near = server.accept();
                accepted.incrementAndGet();
                Socket far = new Socket(target.getHost(), target.getPort());
                Connection connection = new Connection(near, far);
                connection.frozen = newOnesFrozen;
                connections.add(connection);
                Thread.ofVirtual().start(() -> connection.pump(near, far));
                Thread.ofVirtual().start(() -> connection.pump(far, near));
            }
        } catch (IOException e) {
            // closed: no more connections
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Connection connection : connections) {
            connection.near.close();
            connection.far.close();
        }
    }

    private static final class Connection {
        final Socket near;
        final Socket far;
        volatile boolean frozen;

        Connection(Socket near, Socket far) {
            this.near = near;
            this.far = far;
        }

        void pump(Socket from, Socket to) {
            byte[] buffer = new byte[8192];
            try {
                for (int n = from.getInputStream().read(buffer);
                        n != -1;
                        n = from.getInputStream().read(buffer)) {
                    if (!frozen) {
                        to.getOutputStream().write(buffer, 0, n);
                    }
                }
                to.close();
            } catch (IOException e) {
                // one side ended: the other follows
                try {
                    to.close();
                } catch (IOException ignored) {
                    // it is closed
                }
            }
        }
    }
}
