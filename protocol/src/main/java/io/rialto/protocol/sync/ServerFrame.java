package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A frame to a device: exactly one of its kinds. */
public final class ServerFrame {
    /** What a frame is. */
    public enum Kind {
        WELCOME,
        BATCH,
        BEAT,
        BYE
    }

    private static final int MAX_BEAT = 86_400;

    private final Kind kind;
    private final @Nullable Batch batch;
    private final @Nullable Bye bye;
    private final List<SyncKey> highest;
    private final int beatSeconds;
    private final long timeMillis;

    private ServerFrame(
            Kind kind,
            @Nullable Batch batch,
            @Nullable Bye bye,
            List<SyncKey> highest,
            int beatSeconds,
            long timeMillis) {
        this.kind = kind;
        this.batch = batch;
        this.bye = bye;
        this.highest = List.copyOf(highest);
        this.beatSeconds = beatSeconds;
        this.timeMillis = timeMillis;
    }

    /**
     * The first frame of the server.
     *
     * @param beatSeconds the longest silence of the server
     */
    public static ServerFrame welcome(int beatSeconds, List<SyncKey> highest, long timeMillis) {
        return new ServerFrame(Kind.WELCOME, null, null, highest, beatSeconds, timeMillis);
    }

    public static ServerFrame batch(Batch batch) {
        return new ServerFrame(Kind.BATCH, batch, null, List.of(), 0, 0);
    }

    public static ServerFrame beat(List<SyncKey> highest, long timeMillis) {
        return new ServerFrame(Kind.BEAT, null, null, highest, 0, timeMillis);
    }

    public static ServerFrame bye(Bye bye) {
        return new ServerFrame(Kind.BYE, null, bye, List.of(), 0, 0);
    }

    public Kind kind() {
        return kind;
    }

    /** Of {@link Kind#BATCH}. */
    public Batch batch() {
        return Objects.requireNonNull(batch, "not a batch");
    }

    /** Of {@link Kind#BYE}. */
    public Bye bye() {
        return Objects.requireNonNull(bye, "not a bye");
    }

    /** Of {@link Kind#WELCOME} and {@link Kind#BEAT}: the highest sequences, read from the database for this frame. */
    public List<SyncKey> highest() {
        return highest;
    }

    /** Of {@link Kind#WELCOME}. */
    public int beatSeconds() {
        return beatSeconds;
    }

    /** Of {@link Kind#WELCOME} and {@link Kind#BEAT}: the server's clock. */
    public long timeMillis() {
        return timeMillis;
    }

    public byte[] encode() {
        switch (kind) {
            case WELCOME:
                ProtoWriter welcome = new ProtoWriter(32 + 48 * highest.size()).number(1, beatSeconds);
                Keys.write(welcome, 2, highest).number(3, timeMillis);
                return new ProtoWriter(64).message(1, welcome.toBytes()).toBytes();
            case BATCH:
                byte[] inner = batch().encode();
                return new ProtoWriter(inner.length + 8).message(2, inner).toBytes();
            case BEAT:
                ProtoWriter beat = Keys.write(new ProtoWriter(32 + 48 * highest.size()), 1, highest);
                return new ProtoWriter(64)
                        .message(3, beat.number(2, timeMillis).toBytes())
                        .toBytes();
            case BYE:
                return new ProtoWriter(64).message(4, bye().encode()).toBytes();
            default:
                throw new AssertionError(kind);
        }
    }

    public static ServerFrame decode(byte[] bytes) throws ProtocolException {
        ProtoReader in = new ProtoReader(bytes);
        ServerFrame frame = null;
        while (in.next()) {
            ServerFrame found = decode(in);
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

    private static @Nullable ServerFrame decode(ProtoReader in) throws ProtocolException {
        switch (in.field()) {
            case 1:
                return decodeWelcome(in.message());
            case 2:
                return batch(Batch.decode(in.message()));
            case 3:
                return decodeBeat(in.message());
            case 4:
                return bye(Bye.decode(in.message()));
            default:
                in.skip();
                return null;
        }
    }

    private static ServerFrame decodeWelcome(ProtoReader in) throws ProtocolException {
        int beatSeconds = 0;
        long timeMillis = 0;
        Keys keys = new Keys();
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    beatSeconds = (int) in.number(MAX_BEAT);
                    break;
                case 2:
                    keys.add(in);
                    break;
                case 3:
                    timeMillis = in.number();
                    break;
                default:
                    in.skip();
            }
        }
        return welcome(beatSeconds, keys.list(), timeMillis);
    }

    private static ServerFrame decodeBeat(ProtoReader in) throws ProtocolException {
        long timeMillis = 0;
        Keys keys = new Keys();
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    keys.add(in);
                    break;
                case 2:
                    timeMillis = in.number();
                    break;
                default:
                    in.skip();
            }
        }
        return beat(keys.list(), timeMillis);
    }
}
