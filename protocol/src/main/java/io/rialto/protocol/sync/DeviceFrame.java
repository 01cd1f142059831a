package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A frame from a device: exactly one of its kinds. */
public final class DeviceFrame {
    /** Receipts of one frame. */
    public static final int MAX_RECEIPTS = 256;

    /** What a frame is. */
    public enum Kind {
        HELLO,
        ACK,
        RECEIPTS,
        PING
    }

    private final Kind kind;
    private final @Nullable Hello hello;
    private final List<SyncKey> keys;
    private final List<Receipt> receipts;
    private final int beatSeconds;

    private DeviceFrame(Kind kind, @Nullable Hello hello, List<SyncKey> keys, List<Receipt> receipts, int beatSeconds) {
        this.kind = kind;
        this.hello = hello;
        this.keys = List.copyOf(keys);
        this.receipts = List.copyOf(receipts);
        this.beatSeconds = beatSeconds;
    }

    public static DeviceFrame hello(Hello hello) {
        return new DeviceFrame(Kind.HELLO, hello, List.of(), List.of(), 0);
    }

    /** All up to each key was applied. */
    public static DeviceFrame ack(List<SyncKey> keys) {
        return new DeviceFrame(Kind.ACK, null, keys, List.of(), 0);
    }

    public static DeviceFrame receipts(List<Receipt> receipts) {
        return new DeviceFrame(Kind.RECEIPTS, null, List.of(), receipts, 0);
    }

    /** Asks for a beat now, and for beats so often from now on; 0 for as before. */
    public static DeviceFrame ping(int beatSeconds) {
        return new DeviceFrame(Kind.PING, null, List.of(), List.of(), beatSeconds);
    }

    public Kind kind() {
        return kind;
    }

    /** Of {@link Kind#HELLO}. */
    public Hello hello() {
        return Objects.requireNonNull(hello, "not a hello");
    }

    /** Of {@link Kind#ACK}. */
    public List<SyncKey> keys() {
        return keys;
    }

    /** Of {@link Kind#RECEIPTS}. */
    public List<Receipt> receipts() {
        return receipts;
    }

    /** Of {@link Kind#PING}. */
    public int beatSeconds() {
        return beatSeconds;
    }

    public byte[] encode() {
        ProtoWriter out = new ProtoWriter(64);
        switch (kind) {
            case HELLO:
                out.message(1, hello().encode());
                break;
            case ACK:
                out.message(2, Keys.write(new ProtoWriter(64), 1, keys).toBytes());
                break;
            case RECEIPTS:
                ProtoWriter inner = new ProtoWriter(64 * receipts.size());
                for (Receipt receipt : receipts) {
                    inner.message(1, receipt.encode());
                }
                out.message(3, inner.toBytes());
                break;
            case PING:
                out.message(4, new ProtoWriter(8).number(1, beatSeconds).toBytes());
                break;
            default:
                throw new AssertionError(kind);
        }
        return out.toBytes();
    }

    public static DeviceFrame decode(byte[] bytes) throws ProtocolException {
        ProtoReader in = new ProtoReader(bytes);
        DeviceFrame frame = null;
        while (in.next()) {
            DeviceFrame found = decode(in);
            if (found != null && frame != null) {
                throw ProtoReader.malformed("a frame of two kinds");
            }
            frame = found == null ? frame : found;
        }
        if (frame == null) {
            throw ProtoReader.malformed("a frame of no known kind");
        }
        return frame;
    }

    private static @Nullable DeviceFrame decode(ProtoReader in) throws ProtocolException {
        switch (in.field()) {
            case 1:
                return hello(Hello.decode(in.message()));
            case 2:
                return ack(Keys.decode(in.message()));
            case 3:
                return receipts(decodeReceipts(in.message()));
            case 4:
                return ping(decodePing(in.message()));
            default:
                in.skip();
                return null;
        }
    }

    private static List<Receipt> decodeReceipts(ProtoReader in) throws ProtocolException {
        List<Receipt> all = new ArrayList<>();
        while (in.next()) {
            if (in.field() != 1) {
                in.skip();
            } else if (all.size() == MAX_RECEIPTS) {
                throw ProtoReader.malformed("receipts: more than " + MAX_RECEIPTS);
            } else {
                all.add(Receipt.decode(in.message()));
            }
        }
        return all;
    }

    private static int decodePing(ProtoReader in) throws ProtocolException {
        int seconds = 0;
        while (in.next()) {
            if (in.field() == 1) {
                seconds = (int) in.number(Hello.MAX_BEAT);
            } else {
                in.skip();
            }
        }
        return seconds;
    }
}
