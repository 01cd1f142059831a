package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.Reason;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class Http1Test {
    private static final String POST = "POST /echo HTTP/1.1\r\nHost: a\r\n";

    private static TestGateway gateway;

    @BeforeAll
    static void start() throws IOException {
        gateway = new TestGateway(TestGateway.strict());
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                POST + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                POST + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
                POST + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
                POST + "Content-Length: 3, 3\r\n\r\nabc",
                POST + "Content-Length: +3\r\n\r\nabc",
                POST + "Content-Length: 0x3\r\n\r\nabc",
                POST + "Content-Length:\r\n\r\n",
                POST + "Content-Length: 9999999999999999999999\r\n\r\n",
                POST + "Transfer-Encoding: identity\r\n\r\n",
                POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                POST + "Transfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n",
                POST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n000000001\r\na\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n",
                POST + "Transfer-Encoding: chunked\r\n\r\n0\r\nbad trailer: 1\r\n\r\n",
                POST + " folded: line\r\n\r\n",
                POST + "A: b\r\n folded\r\n\r\n",
                POST + "A: b\n\r\n",
                POST + "A: b\rc\r\n\r\n",
                POST + "A: b\u0000c\r\n\r\n",
                POST + ": b\r\n\r\n",
                POST + "no colon\r\n\r\n",
                POST + "A: b\r\n\n",
                POST + "Host: b\r\n\r\n",
                POST + "Expect: 200-ok\r\n\r\n",
                "POST /echo HTTP/1.1\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost:\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: a b\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: a@b\r\n\r\n",
                "POST http://a/echo HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST * HTTP/1.1\r\nHost: a\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
                "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /a b HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST  /a HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n",
                "post /a HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /a\r\n\r\n",
                "POST /a HTTP/1.2\r\nHost: a\r\n\r\n",
                "POST /a HTTP/2.0\r\nHost: a\r\n\r\n",
                "POST /a http/1.1\r\nHost: a\r\n\r\n",
                "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "\r\nPOST /a HTTP/1.1\r\nHost: a\r\n\r\n",
                "\nPOST /a HTTP/1.1\r\nHost: a\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"
            })
    void refuses_what_two_readers_could_read_differently(String request) throws IOException {
        long before = gateway.meters.refused(Reason.MALFORMED_FRAME);
        try (RawClient client = new RawClient(gateway.plainPort())) {
            // What follows would be a second request, were the first one taken.
            client.write(request).write("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
            String answer = client.readText();
            assertThat(answer).startsWith("HTTP/1.1 400 ").contains("rialto-reason: malformed_frame");
            assertThat(answer).contains("connection: close");
            assertThat(answer.split("HTTP/1.1 ", -1)).hasSize(2);
        }
        assertThat(gateway.meters.refused(Reason.MALFORMED_FRAME)).isEqualTo(before + 1);
    }

    @Test
    void reads_chunks_extensions_and_trailers_in_pieces() throws IOException {
        String request =
                POST + "Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";
        try (RawClient client = new RawClient(gateway.plainPort())) {
            for (int i = 0; i < request.length(); i++) {
                client.write(request.substring(i, i + 1));
            }
            assertThat(client.readUntil("abc0123456789"))
                    .startsWith("HTTP/1.1 200 OK")
                    .contains("content-length: 13");
        }
    }

    @Test
    void answers_pipelined_requests_in_order_and_no_more_at_once_than_allowed() throws IOException {
        String held = "POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write(held + "1" + POST + "Content-Length: 1\r\n\r\n2" + held + "3" + POST
                    + "Connection: close\r\nContent-Length: 1\r\n\r\n4");
            TestGateway.await("the first call", () -> gateway.handler.held.size() == 1);
            gateway.handler.release();
            TestGateway.await("the third call", () -> gateway.handler.held.size() == 1);
            gateway.handler.release();
            assertThat(client.readText().replaceAll("(?s)HTTP/1.1 200.*?\r\n\r\n", ""))
                    .isEqualTo("1234");
        }
    }

    @Test
    void sends_continue_when_asked() throws IOException {
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write(POST + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            client.readUntil("HTTP/1.1 100 Continue\r\n\r\n");
            client.write("ab");
            assertThat(client.readUntil("\r\n\r\nab")).startsWith("HTTP/1.1 200 OK");
        }
    }

    @Test
    void head_and_old_clients() throws IOException {
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write("HEAD /size/7 HTTP/1.1\r\nHost: a\r\n\r\nGET /size/1 HTTP/1.0\r\n\r\n");
            assertThat(client.readText())
                    .containsPattern(
                            "(?s)^HTTP/1.1 200 OK\r\n.*content-length: 7\r\n\r\nHTTP/1.1 200 OK\r\n.*\r\n\r\n\u0000$");
        }
    }

    @Test
    void sizes_over_the_limits_have_their_own_reasons() throws IOException {
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write(POST + "Content-Length: 20001\r\n\r\n");
            assertThat(client.readText()).startsWith("HTTP/1.1 413 ").contains("body_too_large");
        }
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write(POST + "Transfer-Encoding: chunked\r\n\r\nffffff\r\n");
            assertThat(client.readText()).startsWith("HTTP/1.1 413 ").contains("body_too_large");
        }
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write(POST + "A: " + "a".repeat(5_000));
            assertThat(client.readText()).startsWith("HTTP/1.1 431 ").contains("headers_too_large");
        }
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write(POST + "A: a\r\n".repeat(20) + "\r\n");
            assertThat(client.readText()).startsWith("HTTP/1.1 431 ").contains("headers_too_large");
        }
    }

    @Test
    void extensions_of_chunks_are_bounded_together() throws IOException {
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write(POST + "Transfer-Encoding: chunked\r\n\r\n" + ("1;" + "e".repeat(200) + "\r\na\r\n").repeat(30)
                    + "0\r\n\r\n");
            assertThat(client.readText()).startsWith("HTTP/1.1 400 ").contains("extensions");
        }
    }

    @Test
    void slow_heads_and_bodies_are_told_so_and_end_their_connections() throws IOException {
        long before = gateway.meters.ended(ConnectionEnd.HEADER_TIMEOUT);
        try (RawClient head = new RawClient(gateway.plainPort());
                RawClient body = new RawClient(gateway.plainPort());
                RawClient silent = new RawClient(gateway.plainPort())) {
            head.write("POST /ec");
            body.write(POST + "Content-Length: 2\r\n\r\na");
            String told = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            assertThat(head.readText()).isEqualTo(told);
            assertThat(body.readText()).isEqualTo(told);
            assertThat(silent.readText()).isEmpty();
        }
        assertThat(gateway.meters.ended(ConnectionEnd.HEADER_TIMEOUT)).isEqualTo(before + 1);
        assertThat(gateway.meters.ended(ConnectionEnd.BODY_TIMEOUT)).isEqualTo(1);
        assertThat(gateway.meters.ended(ConnectionEnd.HANDSHAKE_TIMEOUT)).isEqualTo(1);
    }

    @Test
    void a_late_request_is_told_so_after_the_answers_before_it() throws IOException {
        long before = gateway.meters.ended(ConnectionEnd.HEADER_TIMEOUT);
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write("POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1POST /ec");
            TestGateway.await("the end", () -> gateway.meters.ended(ConnectionEnd.HEADER_TIMEOUT) > before);
            gateway.handler.release();
            assertThat(client.readText()).containsPattern("(?s)^HTTP/1.1 200 OK\r\n.*\r\n\r\n1HTTP/1.1 408 ");
        }
    }

    @Test
    void a_phone_that_reads_nothing_is_closed() throws IOException {
        TransportSettings strict = TestGateway.strict();
        TransportSettings.Limits large = new TransportSettings.Limits(50, 20, 4, 2, 4096, 20, 20_000, 30_000, 1 << 30);
        try (TestGateway patient = new TestGateway(new TransportSettings(large, strict.times(), strict.floods()));
                RawClient client = new RawClient(patient.plainPort())) {
            client.write("GET /size/30000000 HTTP/1.1\r\nHost: a\r\n\r\n");
            TestGateway.await("the end", () -> patient.meters.ended(ConnectionEnd.ANSWER_STALLED) == 1);
        }
    }

    @Test
    void more_bytes_of_answers_than_may_wait_end_the_connection() throws IOException {
        long before = gateway.meters.ended(ConnectionEnd.QUEUE_FULL);
        try (RawClient client = new RawClient(gateway.plainPort())) {
            client.write("GET /size/30000000 HTTP/1.1\r\nHost: a\r\n\r\n");
            TestGateway.await("the end", () -> gateway.meters.ended(ConnectionEnd.QUEUE_FULL) == before + 1);
        }
    }
}
