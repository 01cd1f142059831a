package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.List;

/** The answer of {@code rialto.Sync/Fetch}, and its request. */
public final class Fetched {
    /** Batches of one answer: one for each sequence at most. */
    public static final int MAX_BATCHES = Keys.MAX;

    private final List<Batch> batches;
    private final List<SyncKey> highest;
    private final boolean more;
    private final long timeMillis;

    /**
     * An answer.
     *
     * @param more whether another call would give more at once
     */
    public Fetched(List<Batch> batches, List<SyncKey> highest, boolean more, long timeMillis) {
        this.batches = List.copyOf(batches);
        this.highest = List.copyOf(highest);
        this.more = more;
        this.timeMillis = timeMillis;
    }

    public List<Batch> batches() {
        return batches;
    }

    public List<SyncKey> highest() {
        return highest;
    }

    public boolean more() {
        return more;
    }

    public long timeMillis() {
        return timeMillis;
    }

    /** The request of a device; its keys acknowledge. */
    public static byte[] request(Hello hello) {
        return new ProtoWriter(128).message(1, hello.encode()).toBytes();
    }

    public static Hello decodeRequest(byte[] bytes) throws ProtocolException {
        ProtoReader in = new ProtoReader(bytes);
        Hello hello = Hello.builder().build();
        while (in.next()) {
            if (in.field() == 1) {
                hello = Hello.decode(in.message());
            } else {
                in.skip();
            }
        }
        return hello;
    }

    public byte[] encode() {
        ProtoWriter out = new ProtoWriter(256);
        for (Batch batch : batches) {
            out.message(1, batch.encode());
        }
        return Keys.write(out, 2, highest).flag(3, more).number(4, timeMillis).toBytes();
    }

    public static Fetched decode(byte[] bytes) throws ProtocolException {
        ProtoReader in = new ProtoReader(bytes);
        List<Batch> batches = new ArrayList<>();
        Keys highest = new Keys();
        boolean more = false;
        long timeMillis = 0;
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    if (batches.size() == MAX_BATCHES) {
                        throw ProtoReader.malformed("batches: more than " + MAX_BATCHES);
                    }
                    batches.add(Batch.decode(in.message()));
                    break;
                case 2:
                    highest.add(in);
                    break;
                case 3:
                    more = in.flag();
                    break;
                case 4:
                    timeMillis = in.number();
                    break;
                default:
                    in.skip();
            }
        }
        return new Fetched(batches, highest.list(), more, timeMillis);
    }
}
