package io.rialto.client.fake;

import java.io.IOException;
import java.net.Socket;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import okhttp3.internal.ws.WebSocketProtocol;
import okhttp3.internal.ws.WebSocketReader;
import okhttp3.internal.ws.WebSocketWriter;
import okio.BufferedSink;
import okio.BufferedSource;
import okio.ByteString;
import okio.Okio;
import org.jspecify.annotations.Nullable;

/** A stream by WebSocket, by the server's half of the library that phones use. */
final class FakeWebSocket implements FakePipe {
    private static final int BINARY = 2;
    private static final int TEXT = 1;
    private static final int NORMAL = 1000;
    private static final int TOLD = 4000;

    private final Socket socket;
    private final WebSocketReader reader;
    private final WebSocketWriter writer;
    private final Map<String, String> headers = new HashMap<>();
    private @Nullable ByteString next;
    private boolean closed;

    FakeWebSocket(Socket socket, BufferedSource source) throws IOException {
        this.socket = socket;
        BufferedSink sink = Okio.buffer(Okio.sink(socket));
        String line = source.readUtf8LineStrict();
        for (line = source.readUtf8LineStrict(); !line.isEmpty(); line = source.readUtf8LineStrict()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).trim());
        }
        sink.writeUtf8("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n")
                .writeUtf8("sec-websocket-accept: "
                        + WebSocketProtocol.INSTANCE.acceptHeader(headers.getOrDefault("sec-websocket-key", "")))
                .writeUtf8("\r\nsec-websocket-protocol: " + headers.get("sec-websocket-protocol") + "\r\n\r\n")
                .flush();
        this.reader = new WebSocketReader(false, source, new Heard(), false, false);
        this.writer = new WebSocketWriter(false, sink, new Random(), false, false, 0);
    }

    private final class Heard implements WebSocketReader.FrameCallback {
        @Override
        public void onReadMessage(String text) throws IOException {
            throw new IOException("a text message of a phone");
        }

        @Override
        public void onReadMessage(ByteString bytes) {
            next = bytes;
        }

        @Override
        public void onReadPing(ByteString payload) {}

        @Override
        public void onReadPong(ByteString payload) {}

        @Override
        public void onReadClose(int code, String reason) {
            closed = true;
        }
    }

    /** As the call that it stands for. */
    FakeRequest request(byte[] body) {
        return new FakeRequest("POST", FakeInbox.STREAM, null, headers, body);
    }

    @Nullable
    String header(String name) {
        return headers.get(name);
    }

    @Override
    public byte[] message() throws IOException {
        while (next == null && !closed) {
            reader.processNextFrame();
        }
        ByteString message = next;
        next = null;
        if (message == null) {
            throw new IOException("the phone closed the stream");
        }
        return message.toByteArray();
    }

    @Override
    public synchronized void message(byte[] bytes) throws IOException {
        writer.writeMessageFrame(BINARY, ByteString.of(bytes));
    }

    synchronized void refuse(FakeAnswer refusal, Map<String, String> all) throws IOException {
        StringBuilder names = new StringBuilder();
        all.forEach((name, value) -> names.append(names.length() == 0 ? "" : ", ")
                .append('"')
                .append(name)
                .append("\": \"")
                .append(value)
                .append('"'));
        String text = "{\"status\": " + refusal.status() + ", \"refusal\": "
                + ByteString.of(refusal.body()).utf8() + ", \"headers\": {" + names + "}}";
        writer.writeMessageFrame(TEXT, ByteString.encodeUtf8(text));
        writer.writeClose(TOLD, ByteString.encodeUtf8("refused"));
        socket.shutdownOutput();
    }

    @Override
    public synchronized void end(Map<String, String> trailers) throws IOException {
        writer.writeClose(NORMAL, ByteString.EMPTY);
        socket.shutdownOutput();
    }

    @Override
    public void cut() {
        try {
            socket.close();
        } catch (IOException e) {
            // it is closed
        }
    }
}
