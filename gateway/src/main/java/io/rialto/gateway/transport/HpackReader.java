package io.rialto.gateway.transport;

import io.netty.util.AsciiString;
import java.util.Arrays;

/** Reads the header blocks of one connection (RFC 7541), which share a table, into {@link RequestFields}. */
final class HpackReader {
    private static final int INDEXED = 0x80;
    private static final int INDEXING = 0x40;
    private static final int TABLE_SIZE = 0x20;
    private static final int HUFFMAN = 0x80;

    /** Of an integer behind its first byte: enough for 2^31 - 1, and no more zeros than that. */
    private static final int MOST_SHIFT = 28;

    private final HpackTable table = new HpackTable();
    private final CommonValues common;
    private boolean begun;
    private byte[] block = {};
    private int at;
    private int end;

    /** @param common of all readers of a loop */
    HpackReader(CommonValues common) {
        this.common = common;
    }

    /** Reads a whole block; after a failure the table is of no more use, nor is the connection. */
    void read(byte[] bytes, int from, int length, RequestFields fields) throws Http2Failure {
        block = bytes;
        at = from;
        end = from + length;
        boolean fieldRead = false;
        while (at < end) {
            int first = block[at] & 0xff;
            if ((first & INDEXED) != 0) {
                int index = known(integer(7));
                fields.add(table.name(index), table.value(index), table.flags(index));
            } else if ((first & INDEXING) != 0) {
                literal(6, true, fields);
            } else if ((first & TABLE_SIZE) == 0) {
                literal(4, false, fields);
            } else if (fieldRead || !table.limit(integer(5))) {
                throw failure("a table's size above " + HpackTable.MOST_BYTES + " or behind a field");
            } else {
                continue;
            }
            fieldRead = true;
        }
        begun = true;
    }

    private int known(int index) throws Http2Failure {
        if (!table.has(index)) {
            throw failure("field " + index + ", which the table does not have");
        }
        return index;
    }

    private void literal(int prefixBits, boolean indexing, RequestFields fields) throws Http2Failure {
        int index = integer(prefixBits);
        AsciiString name;
        int flags;
        if (index == 0) {
            name = name();
            flags = FieldRules.plain(name) == null ? 0 : HpackTable.PLAIN;
        } else {
            name = table.name(known(index));
            flags = table.flags(index) & HpackTable.PLAIN;
        }
        AsciiString value = text();
        if (indexing && !begun) {
            // What a phone says first it keeps in its table for as long as it is connected.
            value = common.share(name, value);
        }
        flags |= HpackTable.valueFlags(value);
        fields.add(name, value, flags);
        if (indexing) {
            table.add(name, value, flags);
        }
    }

    /** The object that we have for the name, or a new one. */
    private AsciiString name() throws Http2Failure {
        AsciiString text = text();
        AsciiString plain = FieldRules.plain(text);
        return plain == null ? text : plain;
    }

    private AsciiString text() throws Http2Failure {
        boolean huffman = at < end && (block[at] & HUFFMAN) != 0;
        int length = integer(7);
        if (length > end - at) {
            throw failure("a text of " + length + " bytes in the last " + (end - at));
        }
        int from = at;
        at += length;
        if (!huffman) {
            return new AsciiString(Arrays.copyOfRange(block, from, at), false);
        }
        byte[] decoded = Huffman.decode(block, from, length);
        if (decoded == null) {
            throw failure("a text that is no Huffman code");
        }
        return new AsciiString(decoded, false);
    }

    private int integer(int prefixBits) throws Http2Failure {
        int most = (1 << prefixBits) - 1;
        int first = next() & most;
        if (first < most) {
            return first;
        }
        long value = most;
        for (int shift = 0; shift <= MOST_SHIFT; shift += 7) {
            int more = next();
            value += (long) (more & 0x7f) << shift;
            if ((more & 0x80) == 0 && value <= Integer.MAX_VALUE) {
                return (int) value;
            }
        }
        throw failure("an integer above 2^31 - 1");
    }

    private int next() throws Http2Failure {
        if (at == end) {
            throw failure("an end in the middle of a field");
        }
        return block[at++] & 0xff;
    }

    private static Http2Failure failure(String what) {
        return new Http2Failure(ConnectionEnd.HTTP2_COMPRESSION, "a header block has " + what);
    }
}
