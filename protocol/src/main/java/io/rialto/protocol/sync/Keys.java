package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.List;

/** Gathers the keys of a frame. */
final class Keys {
    /** Two sequences for each of 256 topics. */
    static final int MAX = 512;

    private final List<SyncKey> all = new ArrayList<>();

    void add(ProtoReader in) throws ProtocolException {
        if (all.size() == MAX) {
            throw ProtoReader.malformed("sync keys: more than " + MAX);
        }
        all.add(SyncKey.decode(in.message()));
    }

    List<SyncKey> list() {
        return all;
    }

    /** A message of nothing but keys in field 1. */
    static List<SyncKey> decode(ProtoReader in) throws ProtocolException {
        Keys keys = new Keys();
        while (in.next()) {
            if (in.field() == 1) {
                keys.add(in);
            } else {
                in.skip();
            }
        }
        return keys.list();
    }

    static ProtoWriter write(ProtoWriter out, int field, List<SyncKey> keys) {
        for (SyncKey key : keys) {
            out.message(field, key.encode());
        }
        return out;
    }
}
