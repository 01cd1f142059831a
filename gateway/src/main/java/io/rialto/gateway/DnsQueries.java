package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.Base64;

/** DNS over HTTPS (RFC 8484) for names of the table: what the directory says, for phones' own resolvers. */
final class DnsQueries {
    static final String PATH = "/dns-query";

    private static final AsciiString MESSAGE = AsciiString.cached("application/dns-message");
    private static final AsciiString UNCACHED = AsciiString.cached("no-store");
    private static final String PARAMETER = "dns=";

    /** Of a query in base64. */
    private static final int MAX_PARAMETER = (DnsAnswers.MAX_QUERY + 2) / 3 * 4;

    private final GatewayPorts ports;

    DnsQueries(GatewayPorts ports) {
        this.ports = ports;
    }

    Step.Progress post(Exchange x) throws ProtocolException {
        AsciiString type = x.headers.get(Names.CONTENT_TYPE);
        if (type == null || !type.contentEqualsIgnoreCase(MESSAGE)) {
            throw new ProtocolException(
                    Reason.UNSUPPORTED_MEDIA, PATH + ": content-type " + type + " (expected: " + MESSAGE + ")");
        }
        if (x.body.readableBytes() > DnsAnswers.MAX_QUERY) {
            throw Messages.tooLarge(x.body.readableBytes(), DnsAnswers.MAX_QUERY);
        }
        return answer(x, x.bodyBytes());
    }

    Step.Progress get(Exchange x) throws ProtocolException {
        String query = x.call.query();
        if (query == null || !query.startsWith(PARAMETER) || query.length() - PARAMETER.length() > MAX_PARAMETER) {
            throw malformed("query: " + (query == null ? 0 : query.length()) + " characters");
        }
        try {
            return answer(x, Base64.getUrlDecoder().decode(query.substring(PARAMETER.length())));
        } catch (IllegalArgumentException e) {
            throw malformed("dns: not base64url");
        }
    }

    private static ProtocolException malformed(String what) {
        return new ProtocolException(
                Reason.MALFORMED_FRAME,
                what + " (expected: dns= and a query of at most " + DnsAnswers.MAX_QUERY + " bytes in base64url)");
    }

    private Step.Progress answer(Exchange x, byte[] query) throws ProtocolException {
        DnsAnswers.Answer answer = x.state.dns.answer(
                query, Directory.networkOf(x.state.table, x.call.remote()), CellChoice.away(x.state.table, ports));
        String reach = x.state.table.addresses().networks().isEmpty() ? "public" : "private";
        AsciiString cached = answer.seconds() == 0 ? UNCACHED : AsciiString.of(reach + ", max-age=" + answer.seconds());
        HeaderList headers = new HeaderList(6).add(Names.CONTENT_TYPE, MESSAGE).add(Names.CACHE_CONTROL, cached);
        return x.answer(200, headers, Unpooled.wrappedBuffer(answer.message()));
    }
}
