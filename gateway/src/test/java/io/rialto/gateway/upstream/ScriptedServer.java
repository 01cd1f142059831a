package io.rialto.gateway.upstream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP/1.1 server on a raw socket, whose every connection a test conducts, so that it can misbehave. */
final class ScriptedServer implements AutoCloseable {
    /** What one connection does, from its first byte to its end. */
    interface Script {
        void run(Connection connection) throws IOException;
    }

    private final ServerSocket listening;
    private final Map<Socket, Boolean> sockets = new ConcurrentHashMap<>();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private final Script script;
    private volatile boolean closed;

    ScriptedServer(Script script) throws IOException {
        this(0, script);
    }

    ScriptedServer(int port, Script script) throws IOException {
        this.script = script;
        listening = new ServerSocket();
        listening.setReuseAddress(true);
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_024);
        Thread.ofVirtual().start(this::accept);
    }

    /** Answers each request with the same bytes. */
    static ScriptedServer always(String answer) throws IOException {
        return new ScriptedServer(connection -> {
            while (connection.readRequest() != null) {
                connection.write(answer);
            }
        });
    }

    static String ok(String body) {
        return "HTTP/1.1 200 OK\r\ncontent-length: " + body.length() + "\r\n\r\n" + body;
    }

    Address address() {
        return new Address("127.0.0.1", listening.getLocalPort());
    }

    int accepted() {
        return accepted.get();
    }

    int requests() {
        return requests.get();
    }

    private void accept() {
        while (!closed) {
            try {
                Socket socket = listening.accept();
                sockets.put(socket, true);
                int number = accepted.incrementAndGet();
                Thread.ofVirtual().start(() -> converse(socket, number));
            } catch (IOException gone) {
                return;
            }
        }
    }

    private void converse(Socket socket, int number) {
        try (socket) {
            script.run(new Connection(socket, number));
        } catch (IOException gone) {
            // The other side closed first.
        } finally {
            sockets.remove(socket);
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        listening.close();
        for (Socket socket : sockets.keySet()) {
            socket.close();
        }
    }

    /** One connection, seen by its script. */
    final class Connection {
        private final InputStream in;
        private final OutputStream out;
        private final Socket socket;
        private final int number;

        Connection(Socket socket, int number) throws IOException {
            this.socket = socket;
            this.number = number;
            socket.setTcpNoDelay(true);
            in = new java.io.BufferedInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        }

        /** From 1, in the order of arrival. */
        int number() {
            return number;
        }

        /** The next request, head and body, or null at the end. */
        @org.jspecify.annotations.Nullable
        String readRequest() throws IOException {
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                int b = in.read();
                if (b < 0) {
                    return null;
                }
                head.write(b);
            }
            String text = head.toString(StandardCharsets.ISO_8859_1);
            int length = 0;
            for (String line : text.lines().toList()) {
                if (line.startsWith("content-length: ")) {
                    length = Integer.parseInt(line.substring("content-length: ".length()));
                }
            }
            requests.incrementAndGet();
            return text + new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
        }

        void write(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        /** Waits for the other side to close. */
        void awaitEnd() throws IOException {
            while (in.read() >= 0) {
                // What still comes does not matter.
            }
        }

        /** Ends the connection with a reset instead of a close. */
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }
}
