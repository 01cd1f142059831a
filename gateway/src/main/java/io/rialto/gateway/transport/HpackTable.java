package io.rialto.gateway.transport;

import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import java.util.Arrays;

/**
 * The fields that a phone's blocks name by a number (RFC 7541, section 2.3), with what was found of each when it came: so a
 * field that comes again costs no look at its letters. A ring that grows with what the phone puts in.
 */
final class HpackTable {
    /** What a phone may fill, as no setting of ours says otherwise. */
    static final int MOST_BYTES = 4096;

    /** The name is one that no rule of requests is about. */
    static final int PLAIN = 1;

    /** The value holds nothing that a value must not. */
    static final int SOUND = 2;

    private static final int FLAG_BITS = 2;
    private static final int OVERHEAD = 32;
    private static final int FIRST_SLOTS = 16;

    /** Appendix A; names with their value, if they have one. */
    private static final String STATIC = """
            :authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200|\
            :status 204|:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|\
            accept-encoding gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|\
            authorization|cache-control|content-disposition|content-encoding|content-language|content-length|\
            content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|\
            if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|\
            proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|\
            strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate""";

    static final int STATIC_SIZE = 61;
    private static final AsciiString[] STATIC_NAMES = new AsciiString[STATIC_SIZE];
    private static final AsciiString[] STATIC_VALUES = new AsciiString[STATIC_SIZE];
    private static final int[] STATIC_FLAGS = new int[STATIC_SIZE];

    static {
        String[] all = STATIC.split("\\|", -1);
        for (int i = 0; i < STATIC_SIZE; i++) {
            int space = all[i].indexOf(' ');
            String name = space < 0 ? all[i] : all[i].substring(0, space);
            PseudoHeaderName pseudo = PseudoHeaderName.getPseudoHeader(name);
            STATIC_NAMES[i] = pseudo == null ? FieldNames.of(name) : pseudo.value();
            STATIC_VALUES[i] = space < 0 ? AsciiString.EMPTY_STRING : AsciiString.cached(all[i].substring(space + 1));
            STATIC_FLAGS[i] = flags(STATIC_NAMES[i], STATIC_VALUES[i]);
        }
    }

    private AsciiString[] names = {};
    private AsciiString[] values = {};

    /** Of each, its bytes as the RFC counts them, above its flags. */
    private int[] marks = {};

    /** Where the newest is; older ones follow. */
    private int newest;

    private int size;
    private int bytes;
    private int limit = MOST_BYTES;

    /** What is found of a field that comes for the first time. */
    static int flags(AsciiString name, AsciiString value) {
        return (FieldRules.plain(name) == null ? 0 : PLAIN) | valueFlags(value);
    }

    static int valueFlags(AsciiString value) {
        return FieldRules.isValue(value) && !FieldRules.isPadded(value) ? SOUND : 0;
    }

    /** Whether there is a field of that number. */
    boolean has(int index) {
        return index > 0 && index <= STATIC_SIZE + size;
    }

    AsciiString name(int index) {
        return index <= STATIC_SIZE ? STATIC_NAMES[index - 1] : names[slot(index)];
    }

    AsciiString value(int index) {
        return index <= STATIC_SIZE ? STATIC_VALUES[index - 1] : values[slot(index)];
    }

    int flags(int index) {
        return index <= STATIC_SIZE ? STATIC_FLAGS[index - 1] : marks[slot(index)] & (PLAIN | SOUND);
    }

    private int slot(int index) {
        return (newest + index - STATIC_SIZE - 1) & (names.length - 1);
    }

    /** Puts a field before all others, and drops the oldest ones until it fits; one that never fits leaves none. */
    void add(AsciiString name, AsciiString value, int flags) {
        int more = name.length() + value.length() + OVERHEAD;
        shrink(limit - more);
        if (more > limit) {
            return;
        }
        if (size == names.length) {
            grow();
        }
        newest = (newest - 1) & (names.length - 1);
        names[newest] = name;
        values[newest] = value;
        marks[newest] = more << FLAG_BITS | flags;
        size++;
        bytes += more;
    }

    /** Keeps to another limit from now on; false where it is above ours. */
    boolean limit(int most) {
        if (most > MOST_BYTES) {
            return false;
        }
        limit = most;
        shrink(most);
        return true;
    }

    private void shrink(int most) {
        while (size > 0 && bytes > most) {
            int oldest = (newest + --size) & (names.length - 1);
            bytes -= marks[oldest] >>> FLAG_BITS;
            names[oldest] = AsciiString.EMPTY_STRING;
            values[oldest] = AsciiString.EMPTY_STRING;
        }
    }

    private void grow() {
        int slots = Math.max(FIRST_SLOTS, names.length * 2);
        AsciiString[] oldNames = names;
        AsciiString[] oldValues = values;
        int[] oldMarks = marks;
        names = new AsciiString[slots];
        values = new AsciiString[slots];
        marks = new int[slots];
        Arrays.fill(names, AsciiString.EMPTY_STRING);
        Arrays.fill(values, AsciiString.EMPTY_STRING);
        for (int i = 0; i < size; i++) {
            int from = (newest + i) & (oldNames.length - 1);
            names[i] = oldNames[from];
            values[i] = oldValues[from];
            marks[i] = oldMarks[from];
        }
        newest = 0;
    }
}
