package io.rialto.sync.inbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** Stands between a node and its database, and cuts a connection at the transaction of a batch of publishes. */
final class CuttingProxy implements AutoCloseable {
    /** Where it cuts, once. */
    enum Cut {
        NOWHERE,
        /** The transaction does not reach the database. */
        BEFORE_COMMIT,
        /** It is committed, its answer does not come back. */
        AFTER_COMMIT
    }

    final AtomicReference<Cut> next = new AtomicReference<>(Cut.NOWHERE);

    private final ServerSocket listener;
    private final int database;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    CuttingProxy(int database) throws IOException {
        this.database = database;
        this.listener = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.ofLiteral("127.0.0.1"), database);
                open.add(client);
                open.add(server);
                AtomicReference<Cut> cut = new AtomicReference<>(Cut.NOWHERE);
                Thread.ofVirtual().start(() -> copy(client, server, cut, true));
                Thread.ofVirtual().start(() -> copy(server, client, cut, false));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void copy(Socket from, Socket to, AtomicReference<Cut> cut, boolean toDatabase) {
        byte[] buffer = new byte[1 << 16];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (toDatabase && holdsBatch(Arrays.copyOf(buffer, n))) {
                    cut.set(next.getAndSet(Cut.NOWHERE));
                    if (cut.get() == Cut.BEFORE_COMMIT) {
                        return;
                    }
                }
                if (!toDatabase && cut.get() == Cut.AFTER_COMMIT) {
                    return;
                }
                out.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // cut from the other side
        }
    }

    private static boolean holdsBatch(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1).contains("INSERT INTO inbox.message");
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
