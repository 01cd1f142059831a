package io.rialto.gateway;

import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Seal;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A phone's stream by WebSocket, with the JDK's client. */
final class WebSocketClient implements WebSocket.Listener, AutoCloseable {
    /** What the upgrade says of itself: the client writes it. */
    private static final Set<String> CLIENT_S = Set.of("host", "connection", "upgrade", "content-length");

    final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final HttpClient http;
    private final Phone phone;
    private final boolean sealed;
    private final long counter;
    private final Seal seal = new Seal();
    private final ByteArrayOutputStream binary = new ByteArrayOutputStream();
    private final StringBuilder text = new StringBuilder();
    private int sent;
    private int received;

    private @Nullable WebSocket socket;

    private WebSocketClient(HttpClient http, Phone phone, boolean sealed) {
        this.http = http;
        this.phone = phone;
        this.sealed = sealed;
        this.counter = phone.counter;
    }

    static WebSocketClient open(HttpClient http, URI uri, Phone phone, boolean sealed, String hello) throws Exception {
        phone.contentType = "application/grpc";
        FakeCall call = sealed
                ? phone.sealed(DeviceStreams.PATH, hello)
                : phone.sign(DeviceStreams.PATH, hello, phone.opened == null ? "device" : "ticket");
        phone.contentType = "application/json";
        WebSocketClient client = new WebSocketClient(http, phone, sealed);
        WebSocket.Builder builder = http.newWebSocketBuilder().subprotocols("rialto.sync.1");
        HeaderList fields = call.headers();
        for (int i = 0; i < fields.size(); i++) {
            if (!CLIENT_S.contains(fields.name(i).toString())) {
                builder.header(fields.name(i).toString(), fields.value(i).toString());
            }
        }
        WebSocket socket = builder.buildAsync(uri, client).get(10, TimeUnit.SECONDS);
        client.socket = socket;
        byte[] body = new byte[call.body().readableBytes()];
        call.body().readBytes(body);
        socket.sendBinary(ByteBuffer.wrap(body), true).get(10, TimeUnit.SECONDS);
        return client;
    }

    WebSocket socket() {
        WebSocket now = socket;
        if (now == null) {
            throw new IllegalStateException("not connected");
        }
        return now;
    }

    void say(String message) throws Exception {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        byte[] body = sealed
                ? seal.sealFrame(Seal.key(phone.opened().keys().toServer()), counter, ++sent, bytes, 0, bytes.length)
                : bytes;
        // In two pieces, as the protocol allows.
        socket().sendBinary(ByteBuffer.wrap(body, 0, 1), false).get(10, TimeUnit.SECONDS);
        socket().sendBinary(ByteBuffer.wrap(body, 1, body.length - 1), true).get(10, TimeUnit.SECONDS);
    }

    String next() throws InterruptedException {
        return String.valueOf(heard.poll(10, TimeUnit.SECONDS));
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
        while (data.hasRemaining()) {
            binary.write(data.get());
        }
        if (last) {
            byte[] message = binary.toByteArray();
            binary.reset();
            try {
                byte[] plain = sealed
                        ? seal.openFrame(
                                Seal.key(phone.opened().keys().toClient()),
                                counter,
                                ++received,
                                message,
                                0,
                                message.length)
                        : message;
                heard.add(new String(plain, StandardCharsets.UTF_8));
            } catch (Exception e) {
                heard.add(e.toString());
            }
        }
        from.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
            heard.add(text.toString());
        }
        from.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
        heard.add("(pong)");
        from.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
        heard.add("(close " + status + " " + reason + ")");
        return null;
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
