package io.rialto.gateway.transport;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A client that writes bytes and frames as it is told, right or wrong. */
public final class RawClient implements AutoCloseable {
    static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Frame(int type, int flags, int stream, byte[] content) {
        public int code() {
            int at = type == Http2Reader.GOAWAY ? 4 : 0;
            return ((content[at] & 0xff) << 24)
                    | ((content[at + 1] & 0xff) << 16)
                    | ((content[at + 2] & 0xff) << 8)
                    | (content[at + 3] & 0xff);
        }
    }

    final Socket socket;
    private final DataOutputStream out;
    private final DataInputStream in;

    public RawClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(10_000);
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
    }

    /** Connects with HTTP/2's preface and settings of its own. */
    public static RawClient http2(int port, int... settings) throws IOException {
        RawClient client = new RawClient(port);
        client.write(PREFACE);
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(content);
        for (int i = 0; i < settings.length; i += 2) {
            data.writeShort(settings[i]);
            data.writeInt(settings[i + 1]);
        }
        client.frame(Http2Reader.SETTINGS, 0, 0, content.toByteArray());
        return client;
    }

    public RawClient write(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        return this;
    }

    public RawClient frame(int type, int flags, int stream, byte... content) throws IOException {
        out.write(content.length >> 16);
        out.writeShort(content.length);
        out.write(type);
        out.write(flags);
        out.writeInt(stream);
        out.write(content);
        out.flush();
        return this;
    }

    /** Names and values in turn, as literals without indexing. */
    public static byte[] block(String... fields) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < fields.length; i++) {
            if (i % 2 == 0) {
                block.write(0);
            }
            byte[] text = fields[i].getBytes(StandardCharsets.ISO_8859_1);
            if (text.length < 127) {
                block.write(text.length);
            } else {
                block.write(127);
                int rest = text.length - 127;
                for (; rest >= 128; rest >>= 7) {
                    block.write(128 | (rest & 127));
                }
                block.write(rest);
            }
            block.writeBytes(text);
        }
        return block.toByteArray();
    }

    public static byte[] request(String path, String... more) {
        byte[] pseudo = block(":method", "POST", ":scheme", "http", ":authority", "localhost", ":path", path);
        byte[] rest = block(more);
        byte[] all = new byte[pseudo.length + rest.length];
        System.arraycopy(pseudo, 0, all, 0, pseudo.length);
        System.arraycopy(rest, 0, all, pseudo.length, rest.length);
        return all;
    }

    public RawClient call(int stream, String path) throws IOException {
        return frame(Http2Reader.HEADERS, Http2Reader.END_HEADERS | Http2Reader.END_STREAM, stream, request(path));
    }

    public Frame read() throws IOException {
        int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] content = new byte[length];
        in.readFully(content);
        return new Frame(type, flags, stream, content);
    }

    /** The next frame of a type; others before it are passed over. */
    Frame read(int type) throws IOException {
        Frame frame = read();
        while (frame.type() != type) {
            if (frame.type() == Http2Reader.GOAWAY) {
                throw new IOException("GOAWAY " + frame.code() + " instead of frame type " + type);
            }
            frame = read();
        }
        return frame;
    }

    /** All frames until the other side closes. */
    List<Frame> readAll() throws IOException {
        List<Frame> frames = new ArrayList<>();
        try {
            while (true) {
                frames.add(read());
            }
        } catch (EOFException e) {
            return frames;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // A reset, after the last frame.
            return frames;
        }
    }

    /** All bytes until the other side closes. */
    String readText() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            for (int b = in.read(); b >= 0; b = in.read()) {
                all.write(b);
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // A reset, after the last byte.
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    /** Bytes up to and with some text. */
    String readUntil(String text) throws IOException {
        StringBuilder all = new StringBuilder();
        while (all.indexOf(text) < 0) {
            all.append((char) in.readUnsignedByte());
        }
        return all.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
