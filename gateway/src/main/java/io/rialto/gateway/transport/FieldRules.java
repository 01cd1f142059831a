package io.rialto.gateway.transport;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import io.rialto.gateway.http.PrintableText;
import io.rialto.protocol.HeaderNames;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What names, values, targets and hosts may be made of (RFC 9110, RFC 3986), for both versions of HTTP. */
final class FieldRules {
    /** Longer names than any that means something to us or to a backend. */
    static final int MAX_NAME = 256;

    private static final int MAX_METHOD = 16;
    private static final int MAX_HOST = 255;

    private static final AsciiString CONNECT = AsciiString.cached("CONNECT");

    private static final int TOKEN = 1;
    private static final int UPPER = 2;
    private static final int VALUE = 4;
    private static final int TARGET = 8;
    private static final int HOST = 16;
    private static final byte[] CLASSES = new byte[256];

    /** Fields of one hop: HTTP/2 forbids them, and an answer's are the transport's own to write. */
    private static final Set<AsciiString> HOP_BY_HOP = new HashSet<>(List.of(
            HttpHeaderNames.CONNECTION,
            AsciiString.cached("keep-alive"),
            AsciiString.cached("proxy-connection"),
            HttpHeaderNames.TRANSFER_ENCODING,
            HttpHeaderNames.UPGRADE));

    /** Names of HTTP/2 requests that have a rule of their own, beside those of one hop. */
    private static final Set<AsciiString> RULED =
            new HashSet<>(List.of(HttpHeaderNames.TE, HttpHeaderNames.HOST, HttpHeaderNames.CONTENT_LENGTH));

    private static final List<String> OTHERS = List.of("content-digest", "signature", "signature-input", "traceparent");

    /** The names below that are well-formed and have no rule, which are most names of most requests: by their hashes. */
    private static final @Nullable AsciiString[] PLAIN = new AsciiString[1024];

    private static final int KNOWN_SLOTS = 1024;
    private static final @Nullable AsciiString[] KNOWN = new AsciiString[KNOWN_SLOTS];

    static {
        for (int c = 0; c < 256; c++) {
            boolean upper = c >= 'A' && c <= 'Z';
            boolean alphanumeric = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            int classes = alphanumeric || "!#$%&'*+-.^_`|~".indexOf(c) >= 0 ? TOKEN : 0;
            classes |= upper ? UPPER : 0;
            classes |= c == '\t' || (c >= 0x20 && c != 0x7f) ? VALUE : 0;
            classes |= c > 0x20 && c < 0x7f && "\"#<>\\^`{|}".indexOf(c) < 0 ? TARGET : 0;
            classes |= alphanumeric || "-._~:[]".indexOf(c) >= 0 ? HOST : 0;
            CLASSES[c] = (byte) classes;
        }
        FieldNames.STANDARD.forEach(FieldRules::remember);
        for (String name : OTHERS) {
            remember(FieldNames.of(name));
        }
        try {
            for (Field field : HeaderNames.class.getFields()) {
                if (field.get(null) instanceof String name) {
                    remember(FieldNames.of(name));
                }
            }
        } catch (IllegalAccessException e) {
            throw new AssertionError("public constants are readable", e);
        }
    }

    private FieldRules() {}

    @SuppressWarnings("ReferenceEquality") // of equal names there is one object
    private static void remember(AsciiString name) {
        byte[] bytes = name.toByteArray();
        int slot = slot(bytes, 0, bytes.length);
        while (KNOWN[slot] != null) {
            if (KNOWN[slot] == name) {
                return;
            }
            slot = (slot + 1) % KNOWN_SLOTS;
        }
        KNOWN[slot] = name;
        if (isLowerCaseName(name) && !HOP_BY_HOP.contains(name) && !RULED.contains(name)) {
            int place = plainPlace(name);
            while (PLAIN[place] != null) {
                place = (place + 1) & (PLAIN.length - 1);
            }
            PLAIN[place] = name;
        }
    }

    private static int plainPlace(AsciiString name) {
        return name.hashCode() * 0x9e3779b9 >>> 22;
    }

    /** By five of its letters, which tell nearly all names above from each other; no peer can add any. */
    private static int slot(byte[] bytes, int from, int length) {
        if (length == 0) {
            return 0;
        }
        int hash = length;
        hash = hash * 31 + bytes[from];
        hash = hash * 31 + bytes[from + (length >> 2)];
        hash = hash * 31 + bytes[from + (length >> 1)];
        hash = hash * 31 + bytes[from + length - (length >> 2) - 1];
        hash = hash * 31 + bytes[from + length - 1];
        return hash * 0x9e3779b9 >>> 22;
    }

    /** The shared object for a known lower-case name, or a view of the bytes. */
    static AsciiString name(byte[] bytes, int from, int length) {
        AsciiString known = known(bytes, from, length);
        return known == null ? new AsciiString(bytes, from, length, false) : known;
    }

    /** The shared object for a known name, which is a lower-case token; null where it is another name, or spelled otherwise. */
    static @Nullable AsciiString known(byte[] bytes, int from, int length) {
        int slot = slot(bytes, from, length);
        for (AsciiString known = KNOWN[slot]; known != null; known = KNOWN[slot]) {
            if (known.length() == length && equal(known, bytes, from)) {
                return known;
            }
            slot = (slot + 1) % KNOWN_SLOTS;
        }
        return null;
    }

    private static boolean equal(AsciiString known, byte[] bytes, int from) {
        int offset = known.arrayOffset();
        int length = known.length();
        return Arrays.equals(known.array(), offset, offset + length, bytes, from, from + length);
    }

    private static boolean all(AsciiString text, int wanted) {
        byte[] bytes = text.array();
        int from = text.arrayOffset();
        return all(bytes, from, text.length(), wanted);
    }

    private static boolean all(byte[] bytes, int from, int length, int wanted) {
        for (int i = from; i < from + length; i++) {
            if ((CLASSES[bytes[i] & 0xff] & wanted) == 0) {
                return false;
            }
        }
        return true;
    }

    /** The shared object for a name that we know to be a lower-case token and that no rule of requests is about, or null. */
    static @Nullable AsciiString plain(AsciiString name) {
        int place = plainPlace(name);
        AsciiString known = PLAIN[place];
        while (known != null && !known.equals(name)) {
            place = (place + 1) & (PLAIN.length - 1);
            known = PLAIN[place];
        }
        return known;
    }

    /** A field name as HTTP/2 has it: a token without upper-case letters. */
    static boolean isLowerCaseName(AsciiString name) {
        byte[] bytes = name.array();
        int end = name.arrayOffset() + name.length();
        for (int i = name.arrayOffset(); i < end; i++) {
            if ((CLASSES[bytes[i] & 0xff] & (TOKEN | UPPER)) != TOKEN) {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= MAX_NAME;
    }

    /** Turns a field name to lower case where it stands; false if it is no token. */
    static boolean lowerCaseName(byte[] bytes, int from, int length) {
        for (int i = from; i < from + length; i++) {
            int classes = CLASSES[bytes[i] & 0xff];
            if ((classes & TOKEN) == 0) {
                return false;
            }
            if ((classes & UPPER) != 0) {
                bytes[i] = (byte) (bytes[i] | 0x20);
            }
        }
        return length > 0 && length <= MAX_NAME;
    }

    /** No control characters; so also no line ends. */
    static boolean isValue(AsciiString value) {
        return PrintableText.isAll(value.array(), value.arrayOffset(), value.length()) || all(value, VALUE);
    }

    /** Whether a space or a tab is at an end: HTTP/1.1 drops it there, so two readers would see different values. */
    static boolean isPadded(AsciiString value) {
        return !value.isEmpty() && (isSpace(value.byteAt(0)) || isSpace(value.byteAt(value.length() - 1)));
    }

    static boolean isSpace(byte b) {
        return b == ' ' || b == '\t';
    }

    /** Any but CONNECT, which asks for a tunnel and has no path: its end would not be the end of a message. */
    static boolean isMethod(AsciiString method) {
        return !method.isEmpty() && method.length() <= MAX_METHOD && all(method, UPPER) && !method.equals(CONNECT);
    }

    /** Origin form: a path from the root, perhaps with a query. No other form is served. */
    static boolean isTarget(AsciiString target) {
        return !target.isEmpty() && target.byteAt(0) == '/' && all(target, TARGET);
    }

    static boolean isHost(AsciiString host) {
        return !host.isEmpty() && host.length() <= MAX_HOST && all(host, HOST);
    }

    static boolean isHopByHop(AsciiString name) {
        return HOP_BY_HOP.contains(name);
    }

    /** A content length: digits only; -1 if it is anything else or above {@link Integer#MAX_VALUE}'s digits. */
    static long length(AsciiString value) {
        if (value.isEmpty() || value.length() > 18) {
            return -1;
        }
        long length = 0;
        for (int i = 0; i < value.length(); i++) {
            int digit = value.byteAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            length = length * 10 + digit;
        }
        return length;
    }
}
