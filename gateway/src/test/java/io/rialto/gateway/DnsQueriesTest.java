package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.gateway.transport.ListenerSettings;
import io.rialto.gateway.transport.Listeners;
import io.rialto.gateway.transport.TransportMeters;
import io.rialto.gateway.transport.TransportSettings;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DohResolver;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

final class DnsQueriesTest {
    private static final String OPERATIONS =
            Fixture.operations("{\"name\": \"wallet.Info/Get\", \"auth\": \"none\", \"route\": \"local\"}");

    /** RFC 8484, section 4.1.1: www.example.com, type A. */
    private static final String EXAMPLE = "AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB";

    /** RFC 8484, section 4.1.1: a longer name, of which the table knows nothing. */
    private static final String LONG_EXAMPLE =
            "AAABAAABAAAAAAAAAWE-NjJjaGFyYWN0ZXJsYWJlbC1tYWtlcy1iYXNlNjR1cmwtZGlzdGluY3Qt"
                    + "ZnJvbS1zdGFuZGFyZC1iYXNlNjQHZXhhbXBsZQNjb20AAAEAAQ";

    private Fixture edge;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(OPERATIONS);
        apply("\"networks\": []");
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private void apply(String networks) throws Exception {
        String table = Fixture.TABLE
                .replace("https://127.0.0.1:8444", "https://west.example:8444\", \"https://www.example.com")
                .replace(
                        "\"overrides\": []",
                        "\"overrides\": [], \"zone\": \"cells.example\", " + networks + ", \"hosts\": ["
                                + "{\"host\": \"west.example\", \"addresses\": [\"203.0.113.1\", \"2001:db8::1\"]},"
                                + "{\"host\": \"www.example.com\", \"addresses\": [\"203.0.113.2\", \"203.0.113.3\"]}]");
        edge.gateway.apply(Fixture.config(OPERATIONS), edge.keys, RoutingTable.parse(Fixture.JSON.readTree(table)));
    }

    private FakeCall.Reply get(String dns) throws Exception {
        return edge.call("GET", "/dns-query?dns=" + dns).send(edge.gateway);
    }

    private FakeCall.Reply post(byte[] query) throws Exception {
        return edge.call("POST", "/dns-query")
                .header("content-type", "application/dns-message")
                .body(query)
                .send(edge.gateway);
    }

    private static Message query(String name, int type) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name + "."), type, DClass.IN));
    }

    private Message ask(String name, int type) throws Exception {
        Message query = query(name, type);
        FakeCall.Reply reply = post(query.toWire());
        assertThat(reply.status()).isEqualTo(200);
        Message answer = new Message(reply.body());
        assertThat(answer.getHeader().getID()).isEqualTo(query.getHeader().getID());
        assertThat(answer.getHeader().getFlag(Flags.QR)).isTrue();
        return answer;
    }

    private static List<String> rdata(Message answer) {
        return answer.getSection(Section.ANSWER).stream()
                .map(Record::rdataToString)
                .toList();
    }

    private List<String> found(String name, int type) throws Exception {
        return rdata(ask(name, type));
    }

    @Test
    void answers_the_examples_of_the_specification_by_get_and_by_post() throws Exception {
        FakeCall.Reply reply = get(EXAMPLE);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("content-type")).isEqualTo("application/dns-message");
        assertThat(reply.header("cache-control")).isEqualTo("public, max-age=60");
        Message answer = new Message(reply.body());
        assertThat(answer.getHeader().getID()).isZero();
        assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
        assertThat(answer.getHeader().getFlag(Flags.RA)).isFalse();
        assertThat(rdata(answer)).containsExactly("203.0.113.2", "203.0.113.3");
        assertThat(answer.getSection(Section.ANSWER)).allMatch(record -> record.getTTL() == 60);
        assertThat(post(Base64.getUrlDecoder().decode(EXAMPLE)).body()).isEqualTo(reply.body());
        FakeCall.Reply other = get(LONG_EXAMPLE);
        assertThat(new Message(other.body()).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(other.header("cache-control")).isEqualTo("no-store");
    }

    @Test
    void answers_for_hosts_and_shards_of_the_table_and_refuses_the_rest() throws Exception {
        assertThat(found("WEST.example", Type.AAAA)).containsExactly("2001:db8:0:0:0:0:0:1");
        assertThat(found("s61.cells.example", Type.A)).containsExactly("203.0.113.1", "203.0.113.2", "203.0.113.3");
        assertThat(found("s07.cells.example", Type.A)).containsExactly("127.0.0.1");
        assertThat(found("cells.example", Type.A)).contains("127.0.0.1", "203.0.113.1");
        assertThat(found("s61.cells.example", Type.HTTPS))
                .containsExactly(
                        "1 west.example. alpn=h2,http/1.1 port=8444 ipv4hint=203.0.113.1 ipv6hint=2001:db8:0:0:0:0:0:1",
                        "2 www.example.com. alpn=h2,http/1.1 port=443 ipv4hint=203.0.113.2,203.0.113.3");
        assertThat(found("s7.cells.example", Type.HTTPS))
                .containsExactly("1 . alpn=h2,http/1.1 port=8443 ipv4hint=127.0.0.1");
        assertThat(ask("s100.cells.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(ask("shop.cells.example", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        for (String other : new String[] {"east.example", "notcells.example", "example", "cells.example.com"}) {
            assertThat(ask(other, Type.A).getRcode()).as(other).isEqualTo(Rcode.REFUSED);
        }
    }

    @Test
    void says_for_how_long_there_is_nothing() throws Exception {
        Message nothing = ask("west.example", Type.TXT);
        assertThat(nothing.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(nothing.getSection(Section.ANSWER)).isEmpty();
        assertThat(nothing.getSection(Section.AUTHORITY)).singleElement().matches(record -> record.getTTL() == 60);
    }

    @Test
    void answers_by_shard_with_cells_that_are_well_first() throws Exception {
        edge.away.add("west");
        assertThat(found("cells.example", Type.A)).containsExactly("127.0.0.1");
        assertThat(found("s61.cells.example", Type.A))
                .containsExactly("127.0.0.1", "203.0.113.1", "203.0.113.2", "203.0.113.3");
    }

    @Test
    void is_kept_by_nobody_on_the_way_where_networks_are_answered_differently() throws Exception {
        apply("\"networks\": [{\"cidr\": \"10.0.0.0/8\"}]");
        assertThat(get(EXAMPLE).header("cache-control")).isEqualTo("private, max-age=60");
    }

    @Test
    void knows_its_version_of_edns_and_no_other_kind_of_request() throws Exception {
        Message query = query("west.example", Type.A);
        query.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);
        assertThat(new Message(post(query.toWire()).body()).getOPT()).isNotNull();
        Message newer = query("west.example", Type.A);
        newer.addRecord(new OPTRecord(4096, 0, 1), Section.ADDITIONAL);
        assertThat(new Message(post(newer.toWire()).body()).getRcode()).isEqualTo(Rcode.BADVERS);
        Message update = query("west.example", Type.A);
        update.getHeader().setOpcode(Opcode.NOTIFY);
        assertThat(new Message(post(update.toWire()).body()).getRcode()).isEqualTo(Rcode.NOTIMP);
        Message chaos = Message.newQuery(Record.newRecord(Name.fromString("west.example."), Type.A, DClass.CH));
        assertThat(new Message(post(chaos.toWire()).body()).getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @Test
    void refuses_what_is_no_query_before_it_is_read() throws Exception {
        byte[] good = query("west.example", Type.A).toWire();
        byte[] response = good.clone();
        response[2] |= (byte) 0x80;
        byte[] countless = good.clone();
        countless[6] = (byte) 0xff;
        byte[] cut = java.util.Arrays.copyOf(good, good.length - 3);
        for (byte[] wrong : new byte[][] {new byte[0], new byte[11], response, countless, cut}) {
            assertThat(post(wrong).reason()).isEqualTo(Reason.MALFORMED_FRAME.wireName());
        }
        assertThat(post(new byte[1025]).reason()).isEqualTo(Reason.BODY_TOO_LARGE.wireName());
        assertThat(get("!").reason()).isEqualTo(Reason.MALFORMED_FRAME.wireName());
        assertThat(get("A".repeat(1369)).reason()).isEqualTo(Reason.MALFORMED_FRAME.wireName());
        assertThat(edge.call("GET", "/dns-query").send(edge.gateway).reason())
                .isEqualTo(Reason.MALFORMED_FRAME.wireName());
        assertThat(edge.post("/dns-query", "{}").send(edge.gateway).reason())
                .isEqualTo(Reason.UNSUPPORTED_MEDIA.wireName());
    }

    @Test
    void serves_a_resolver_of_another_make() throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (EventLoops loops = EventLoops.start(1);
                Listeners listeners = Listeners.start(
                        loops,
                        List.of(new ListenerSettings(Listener.PUBLIC, any, null, TransportSettings.defaults())),
                        edge.gateway,
                        TransportMeters.NONE)) {
            String url = "http://127.0.0.1:" + listeners.addresses().getFirst().getPort() + "/dns-query";
            DohResolver resolver = new DohResolver(url);
            resolver.setTimeout(Duration.ofSeconds(10));
            resolver.setEDNS(0, 4096, ExtendedFlags.DO, new EDNSOption[0]);
            for (boolean post : new boolean[] {false, true}) {
                resolver.setUsePost(post);
                Message answer = resolver.send(query("s61.cells.example", Type.A));
                assertThat(rdata(answer)).containsExactly("203.0.113.1", "203.0.113.2", "203.0.113.3");
            }
        }
    }
}
