package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.transport.RawClient;
import io.rialto.protocol.Seal;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A phone's stream over HTTP/2 by the protocol page alone, frame by frame. */
final class StreamClient implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    final RawClient raw;
    final Phone phone;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);
    private final Seal seal = new Seal();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final long counter;
    private final boolean sealed;
    private final int stream;
    private int sent;
    private int received;

    /** What the answer began with. */
    @Nullable
    Http2Headers headers;

    /** What ended it; null if no trailers did. */
    @Nullable
    Http2Headers trailers;

    private StreamClient(RawClient raw, int stream, Phone phone, boolean sealed) {
        this.raw = raw;
        this.stream = stream;
        this.phone = phone;
        this.sealed = sealed;
        this.counter = phone.counter;
    }

    /** Opens a stream that is signed, by the ticket where the phone has one. */
    static StreamClient signed(RawClient raw, int stream, Phone phone, String hello, String... more) throws Exception {
        phone.contentType = "application/grpc";
        String framed = new String(framed(hello.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
        FakeCall call = phone.sign(DeviceStreams.PATH, framed, phone.opened == null ? "device" : "ticket", more);
        return open(raw, stream, phone, false, call);
    }

    static StreamClient sealed(RawClient raw, int stream, Phone phone, String hello) throws Exception {
        phone.contentType = "application/grpc";
        FakeCall call = phone.sealed(DeviceStreams.PATH, hello);
        byte[] sealed = new byte[call.body().readableBytes()];
        call.body().readBytes(sealed);
        return open(raw, stream, phone, true, call.body(framed(sealed)));
    }

    private static StreamClient open(RawClient raw, int stream, Phone phone, boolean sealed, FakeCall call)
            throws Exception {
        phone.contentType = "application/json";
        StreamClient client = new StreamClient(raw, stream, phone, sealed);
        List<String> fields = new ArrayList<>();
        HeaderList list = call.headers();
        for (int i = 0; i < list.size(); i++) {
            fields.add(list.name(i).toString());
            fields.add(list.value(i).toString());
        }
        raw.frame(HEADERS, END_HEADERS, stream, RawClient.request(call.path(), fields.toArray(String[]::new)));
        byte[] body = new byte[call.body().readableBytes()];
        call.body().readBytes(body);
        raw.frame(DATA, 0, stream, body);
        return client;
    }

    static byte[] framed(byte[] message) {
        return ByteBuffer.allocate(5 + message.length)
                .put((byte) 0)
                .putInt(message.length)
                .put(message)
                .array();
    }

    void say(String text) throws Exception {
        raw.frame(DATA, 0, stream, framed(sealing(text.getBytes(StandardCharsets.UTF_8))));
    }

    byte[] sealing(byte[] message) {
        return sealed
                ? seal.sealFrame(
                        Seal.key(phone.opened().keys().toServer()), counter, ++sent, message, 0, message.length)
                : message;
    }

    void send(byte[] framed) throws Exception {
        raw.frame(DATA, 0, stream, framed);
    }

    void halfClose() throws Exception {
        raw.frame(DATA, END_STREAM, stream);
    }

    /** The next message; null where the stream ended. */
    @Nullable
    String next() throws Exception {
        while (trailers == null) {
            byte[] message = cut();
            if (message != null) {
                return new String(sealed ? opened(message) : message, StandardCharsets.UTF_8);
            }
            read();
        }
        return null;
    }

    private byte[] opened(byte[] message) throws Exception {
        return seal.openFrame(
                Seal.key(phone.opened().keys().toClient()), counter, ++received, message, 0, message.length);
    }

    private byte @Nullable [] cut() {
        ByteBuffer all = ByteBuffer.wrap(bytes.toByteArray());
        if (all.remaining() < 5 || all.getInt(1) > all.remaining() - 5) {
            return null;
        }
        byte[] message = new byte[all.getInt(1)];
        all.position(5).get(message);
        bytes.reset();
        bytes.write(all.array(), all.position(), all.remaining());
        return message;
    }

    private void read() throws Exception {
        RawClient.Frame frame = raw.read();
        if (frame.stream() != stream) {
            return;
        }
        boolean ends = (frame.flags() & END_STREAM) != 0;
        if (frame.type() == HEADERS) {
            ByteBuf block = Unpooled.wrappedBuffer(frame.content());
            Http2Headers fields = decoder.decodeHeaders(stream, block);
            if (headers == null) {
                headers = fields;
            }
            if (ends) {
                trailers = fields;
            }
        } else if (frame.type() == DATA) {
            bytes.write(frame.content());
            if (ends) {
                throw new AssertionError("ended without trailers, after " + bytes.size() + " bytes: " + headers);
            }
        } else if (frame.type() == RESET) {
            throw new AssertionError("reset with code " + frame.code());
        }
    }

    /** A field of the beginning of the answer. */
    String header(String name) throws Exception {
        while (headers == null) {
            read();
        }
        return String.valueOf(headers.get(name));
    }

    /** A field of what ended the stream; messages before are passed over. */
    String trailer(String name) throws Exception {
        while (trailers == null) {
            read();
        }
        return String.valueOf(trailers.get(name));
    }

    @Override
    public void close() throws Exception {
        raw.close();
    }
}
