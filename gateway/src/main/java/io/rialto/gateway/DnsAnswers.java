package io.rialto.gateway;

import io.netty.util.NetUtil;
import io.rialto.cells.Addresses;
import io.rialto.cells.RoutingTable;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.HTTPSRecord;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SVCBBase;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Answers DNS queries from a table, with authority for its names alone: hosts that it has addresses of; {@code s<N>.<zone>}
 * for the gateways of shard N's cell; and the zone itself for those of all cells. Any other name is refused, so that
 * nobody can use an edge as a resolver.
 */
final class DnsAnswers {
    /** A question, with room for the padding that resolvers add (RFC 8467). */
    static final int MAX_QUERY = 1024;

    /** As long as the directory's answer is fresh. */
    private static final int TTL_SECONDS = 60;

    /** A client tries a few. */
    private static final int MAX_RECORDS = 16;

    private static final int HEADER_BYTES = 12;
    private static final int MAX_ANSWER = 65_535;
    private static final int HTTPS_PORT = 443;

    /** What may stand in a query beside its question: EDNS, and a signature that is not looked at. */
    private static final int MAX_ADDITIONAL = 2;

    private static final Pattern SHARD = Pattern.compile("s([0-9]{1,3})");
    private static final List<String> PROTOCOLS = List.of("h2", "http/1.1");

    private final RoutingTable table;

    DnsAnswers(RoutingTable table) {
        this.table = table;
    }

    /**
     * An answer.
     *
     * @param seconds how long it may be kept; 0 for not at all
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Answer(byte[] message, int seconds) {}

    /** From where it is asked, and which cells are away. */
    private record Asker(Optional<Addresses.Network> network, Set<String> away) {}

    /**
     * Answers a query.
     *
     * @throws ProtocolException where the bytes are none
     */
    Answer answer(byte[] query, Optional<Addresses.Network> network, Set<String> away) throws ProtocolException {
        requireHeader(query);
        Message asked;
        try {
            asked = new Message(query);
        } catch (IOException | RuntimeException e) { // the library's readers throw both
            throw malformed(query.length + " bytes that end or go wrong within the message");
        }
        Record question = asked.getQuestion();
        if (question == null) {
            throw malformed("no question");
        }
        Message reply = replyTo(asked, question);
        OPTRecord edns = asked.getOPT();
        if (asked.getHeader().getOpcode() != Opcode.QUERY) {
            reply.getHeader().setRcode(Rcode.NOTIMP);
        } else if (isKnownVersion(edns)) {
            fill(reply, question, new Asker(network, away));
        }
        boolean keep = isKnownVersion(edns)
                && (reply.getHeader().getRcode() == Rcode.NOERROR
                        || reply.getHeader().getRcode() == Rcode.NXDOMAIN);
        return new Answer(reply.toWire(MAX_ANSWER), keep ? TTL_SECONDS : 0);
    }

    /** Before anything is read by counts that somebody else has written. */
    private static void requireHeader(byte[] query) throws ProtocolException {
        if (query.length < HEADER_BYTES || query.length > MAX_QUERY) {
            throw malformed(query.length + " bytes");
        }
        boolean response = (query[2] & 0x80) != 0;
        boolean one = count(query, 4) == 1 && count(query, 6) == 0 && count(query, 8) == 0;
        if (response || !one || count(query, 10) > MAX_ADDITIONAL) {
            throw malformed("a response, or not one question alone");
        }
    }

    private static int count(byte[] message, int at) {
        return (message[at] & 0xff) << 8 | message[at + 1] & 0xff;
    }

    private static ProtocolException malformed(String what) {
        return new ProtocolException(
                Reason.MALFORMED_FRAME,
                "DNS query: " + what + " (expected: one question, 12 to " + MAX_QUERY + " bytes; RFC 1035)");
    }

    private static boolean isKnownVersion(@Nullable OPTRecord edns) {
        return edns == null || edns.getVersion() == 0;
    }

    private static Message replyTo(Message asked, Record question) {
        Message reply = new Message(asked.getHeader().getID());
        Header header = reply.getHeader();
        header.setOpcode(asked.getHeader().getOpcode());
        header.setFlag(Flags.QR);
        if (asked.getHeader().getFlag(Flags.RD)) {
            header.setFlag(Flags.RD);
        }
        reply.addRecord(question, Section.QUESTION);
        OPTRecord edns = asked.getOPT();
        if (edns != null) {
            // BADVERS is 16: the header's part of it is 0.
            int extended = isKnownVersion(edns) ? 0 : Rcode.BADVERS >>> 4;
            reply.addRecord(new OPTRecord(MAX_QUERY, extended, 0), Section.ADDITIONAL);
        }
        return reply;
    }

    private void fill(Message reply, Record question, Asker asker) {
        String name = question.getName().toString(true).toLowerCase(Locale.ROOT);
        int type = question.getType();
        List<Record> records = null;
        if (question.getDClass() == DClass.IN) {
            if (table.addresses().byHost().containsKey(name)) {
                records = records(question.getName(), type, table.addresses().of(name, asker.network()));
            } else if (isInZone(name)) {
                OptionalInt shard = shard(name);
                if (shard.isEmpty()) {
                    reply.getHeader().setRcode(Rcode.NXDOMAIN);
                    records = List.of();
                } else {
                    records = ofCells(question.getName(), type, shard.getAsInt(), asker);
                }
            }
        }
        if (records == null) {
            reply.getHeader().setRcode(Rcode.REFUSED);
            return;
        }
        reply.getHeader().setFlag(Flags.AA);
        if (records.isEmpty()) {
            // How long nothing may be kept (RFC 2308).
            reply.addRecord(nothing(question.getName()), Section.AUTHORITY);
        }
        records.stream().limit(MAX_RECORDS).forEach(record -> reply.addRecord(record, Section.ANSWER));
    }

    private boolean isInZone(String name) {
        String zone = table.addresses().zone();
        return !zone.isEmpty() && (name.equals(zone) || name.endsWith("." + zone));
    }

    /** The shard that a name of the zone stands for, any of them for its apex; none for other names. */
    private OptionalInt shard(String name) {
        String zone = table.addresses().zone();
        if (name.equals(zone)) {
            return OptionalInt.of(CellChoice.ANY_SHARD);
        }
        Matcher label = SHARD.matcher(name.substring(0, name.length() - zone.length() - 1));
        if (!label.matches()) {
            return OptionalInt.empty();
        }
        int number = Integer.parseInt(label.group(1));
        return number < table.shards() ? OptionalInt.of(number) : OptionalInt.empty();
    }

    private static SOARecord nothing(Name name) {
        return new SOARecord(
                name, DClass.IN, TTL_SECONDS, name, Name.root, 1, TTL_SECONDS, TTL_SECONDS, TTL_SECONDS, TTL_SECONDS);
    }

    /** Gateways of cells: A and AAAA their addresses, HTTPS their ports as well; of the owner alone, if it is well. */
    private @Nullable List<Record> ofCells(Name name, int type, int shard, Asker asker) {
        List<URI> gateways = new ArrayList<>();
        CellChoice.of(table, shard, asker.away()).forEach(cell -> gateways.addAll(cell.publicUrls()));
        if (type == Type.HTTPS) {
            List<Record> records = new ArrayList<>();
            for (URI gateway : gateways) {
                Record record = service(name, records.size() + 1, gateway, asker);
                if (record != null) {
                    records.add(record);
                }
            }
            return records;
        }
        Set<InetAddress> addresses = new LinkedHashSet<>();
        gateways.forEach(gateway -> addresses.addAll(addresses(gateway, asker)));
        // The table may know a cell by hosts alone, and then somebody else knows better.
        return addresses.isEmpty() ? null : records(name, type, List.copyOf(addresses));
    }

    private @Nullable Record service(Name name, int priority, URI gateway, Asker asker) {
        String host = gateway.getHost().toLowerCase(Locale.ROOT);
        List<Inet4Address> four = new ArrayList<>();
        List<Inet6Address> six = new ArrayList<>();
        for (InetAddress address : addresses(gateway, asker)) {
            if (address instanceof Inet4Address v4) {
                four.add(v4);
            } else if (address instanceof Inet6Address v6) {
                six.add(v6);
            }
        }
        List<SVCBBase.ParameterBase> parameters = new ArrayList<>();
        Name target;
        try {
            // A gateway without a name is reached by the name that was asked for.
            target = NetUtil.createByteArrayFromIpAddressString(host) == null ? Name.fromString(host + ".") : Name.root;
            parameters.add(new SVCBBase.ParameterAlpn(PROTOCOLS));
        } catch (TextParseException e) {
            return null; // a host that a URL may have, and DNS may not
        }
        parameters.add(new SVCBBase.ParameterPort(gateway.getPort() < 0 ? HTTPS_PORT : gateway.getPort()));
        if (!four.isEmpty()) {
            parameters.add(new SVCBBase.ParameterIpv4Hint(four));
        }
        if (!six.isEmpty()) {
            parameters.add(new SVCBBase.ParameterIpv6Hint(six));
        }
        return new HTTPSRecord(name, DClass.IN, TTL_SECONDS, priority, target, parameters);
    }

    private List<InetAddress> addresses(URI gateway, Asker asker) {
        String host = gateway.getHost().toLowerCase(Locale.ROOT);
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        if (literal == null) {
            return table.addresses().of(host, asker.network());
        }
        try {
            return List.of(InetAddress.getByAddress(literal));
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("an address of " + literal.length + " bytes", impossible);
        }
    }

    private static List<Record> records(Name name, int type, List<InetAddress> addresses) {
        List<Record> records = new ArrayList<>();
        for (InetAddress address : addresses) {
            if (address instanceof Inet4Address && type == Type.A) {
                records.add(new ARecord(name, DClass.IN, TTL_SECONDS, address));
            } else if (address instanceof Inet6Address && type == Type.AAAA) {
                records.add(new AAAARecord(name, DClass.IN, TTL_SECONDS, address));
            }
        }
        return records;
    }
}
