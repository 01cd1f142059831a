package io.rialto.client.inbox;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import java.util.Arrays;
import java.util.List;

/** What journals hold, in the frames of the wire behind one byte that says which. */
final class Records {
    /** A batch that is stored: its messages and its key at once. */
    static final byte BATCH = 'b';

    /** All up to the key was confirmed. */
    static final byte KEY = 'k';

    /** All up to the key is being handed to the handler. */
    static final byte BEGUN = 'a';

    /** The message of the key was removed by the app. */
    static final byte REMOVED = 'r';

    /** The sequence of the key is forgotten. */
    static final byte FORGOTTEN = 'f';

    private Records() {}

    static byte[] of(byte kind, SyncKey key) {
        return tagged(kind, DeviceFrame.ack(List.of(key)).encode());
    }

    static byte[] of(Batch batch) {
        return tagged(BATCH, ServerFrame.batch(batch).encode());
    }

    private static byte[] tagged(byte kind, byte[] frame) {
        byte[] record = new byte[frame.length + 1];
        record[0] = kind;
        System.arraycopy(frame, 0, record, 1, frame.length);
        return record;
    }

    static byte kind(byte[] record) {
        return record.length == 0 ? 0 : record[0];
    }

    static SyncKey key(byte[] record) throws ProtocolException {
        List<SyncKey> keys = DeviceFrame.decode(frame(record)).keys();
        if (keys.size() != 1) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "record of " + keys.size() + " keys (expected: one)");
        }
        return keys.get(0);
    }

    static Batch batch(byte[] record) throws ProtocolException {
        ServerFrame frame = ServerFrame.decode(frame(record));
        if (frame.kind() != ServerFrame.Kind.BATCH) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "record of a " + frame.kind() + " (expected: BATCH)");
        }
        return frame.batch();
    }

    private static byte[] frame(byte[] record) {
        return Arrays.copyOfRange(record, 1, record.length);
    }
}
