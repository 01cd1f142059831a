package io.rialto.protocol;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The bytes that are signed. Source: RFC 9421, sections 2 and 2.5. */
final class SignatureBase {
    /** A line for each header and each derived component of the largest message. */
    static final int MAX_BYTES = 131_072;

    private static final byte[] PARAMETERS = Bytes.ascii("\"@signature-params\": ");

    private SignatureBase() {}

    /** Writes the base; what was in the buffer is gone. */
    static void build(SignatureInput input, SignedMessage message, ByteBuilder to) throws ProtocolException {
        to.clear();
        List<SignatureComponent> covered = input.covered();
        for (int i = 0; i < covered.size(); i++) {
            SignatureComponent component = covered.get(i);
            to.add(component.line());
            boolean text = component.base().charAt(0) == '@'
                    ? addDerived(component, message, to)
                    : addField(i, component, message, to);
            if (!text) {
                throw wrong(component, "its value is not ASCII text");
            }
            to.add('\n');
        }
        to.add(PARAMETERS);
        to.addText(input.parameters());
        if (to.overflowed()) {
            throw new ProtocolException(
                    Reason.HEADERS_TOO_LARGE, "signature covers more than " + MAX_BYTES + " bytes of headers");
        }
    }

    private static boolean addField(int place, SignatureComponent component, SignedMessage message, ByteBuilder to)
            throws ProtocolException {
        CharSequence value = message.header(place, component.base());
        if (value == null) {
            throw wrong(component, "the message has no such field");
        }
        return to.addText(value);
    }

    private static boolean addDerived(SignatureComponent component, SignedMessage message, ByteBuilder to)
            throws ProtocolException {
        boolean request = message.status() == 0;
        if (request == component.base().equals("@status")) {
            throw wrong(component, request ? "the message is a request" : "the message is an answer");
        }
        switch (component.base()) {
            case "@method":
                return to.addText(message.method());
            case "@authority":
                return to.addText(authority(message));
            case "@scheme":
                return to.addText(message.scheme().toLowerCase(Locale.ROOT));
            case "@path":
                return addPath(message, to);
            case "@query":
                to.add('?');
                return message.query() == null || to.addText(message.query());
            case "@request-target":
                return addPath(message, to) && addQuery(message, to);
            case "@target-uri":
                return to.addText(message.scheme().toLowerCase(Locale.ROOT) + "://" + authority(message))
                        && addPath(message, to)
                        && addQuery(message, to);
            case SignatureComponent.QUERY_PARAM:
                return to.addText(queryParameter(component, message.query()));
            case "@status":
                to.addDecimal(message.status());
                return true;
            default:
                throw wrong(component, "it is not defined");
        }
    }

    private static boolean addPath(SignedMessage message, ByteBuilder to) {
        if (message.path().length() == 0) {
            to.add('/');
            return true;
        }
        return to.addText(message.path());
    }

    private static boolean addQuery(SignedMessage message, ByteBuilder to) {
        CharSequence query = message.query();
        if (query == null) {
            return true;
        }
        to.add('?');
        return to.addText(query);
    }

    private static String authority(SignedMessage message) {
        String authority = message.authority().toLowerCase(Locale.ROOT);
        String port = message.scheme().equalsIgnoreCase("https") ? ":443" : ":80";
        return authority.endsWith(port) ? authority.substring(0, authority.length() - port.length()) : authority;
    }

    /** The one parameter of that name, encoded anew (RFC 9421, section 2.2.8). */
    private static String queryParameter(SignatureComponent component, @Nullable CharSequence query)
            throws ProtocolException {
        String found = null;
        String all = query == null ? "" : query.toString();
        for (int from = 0; from <= all.length(); ) {
            int end = all.indexOf('&', from);
            String pair = all.substring(from, end < 0 ? all.length() : end);
            int equals = pair.indexOf('=');
            String name = encode(decode(equals < 0 ? pair : pair.substring(0, equals)));
            if (name.equals(component.parameter()) && !pair.isEmpty()) {
                if (found != null) {
                    throw wrong(component, "the query has it more than once");
                }
                found = encode(decode(equals < 0 ? "" : pair.substring(equals + 1)));
            }
            from = end < 0 ? all.length() + 1 : end + 1;
        }
        if (found == null) {
            throw wrong(component, "the query has no such parameter");
        }
        return found;
    }

    private static byte[] decode(String text) {
        byte[] in = text.getBytes(StandardCharsets.UTF_8);
        ByteBuilder out = new ByteBuilder(in.length, in.length);
        for (int i = 0; i < in.length; i++) {
            int high = i + 2 < in.length ? Character.digit(in[i + 1], 16) : -1;
            int low = i + 2 < in.length ? Character.digit(in[i + 2], 16) : -1;
            if (in[i] == '%' && high >= 0 && low >= 0) {
                out.add((char) (high << 4 | low));
                i += 2;
            } else {
                out.add(in[i] == '+' ? ' ' : (char) in[i]);
            }
        }
        return out.toBytes();
    }

    private static String encode(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            boolean plain =
                    b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || "*-._".indexOf(b) >= 0;
            if (plain) {
                text.append((char) b);
            } else {
                text.append('%').append(digit(b >> 4)).append(digit(b));
            }
        }
        return text.toString();
    }

    private static char digit(int nibble) {
        return "0123456789ABCDEF".charAt(nibble & 15);
    }

    private static ProtocolException wrong(SignatureComponent component, String why) {
        return new ProtocolException(Reason.WRONG_SIGNATURE, "signature covers " + component.identifier() + ": " + why);
    }
}
