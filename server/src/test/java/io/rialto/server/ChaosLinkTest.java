package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ChaosLinkTest {
    /** Long enough for a byte on the loopback, short enough for a test: a slow machine only makes a pass later. */
    private static final int SILENCE_MILLIS = 200;

    private ServerSocket database;
    private ChaosLink link;
    private Socket edge;
    private Socket session;

    @BeforeEach
    void connect() throws IOException {
        database = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        link = ChaosLink.to(database.getLocalPort());
        edge = new Socket(InetAddress.getLoopbackAddress(), link.port());
        session = database.accept();
    }

    @AfterEach
    void close() throws IOException {
        edge.close();
        session.close();
        link.close();
        database.close();
    }

    private static void send(Socket from, int octet) throws IOException {
        from.getOutputStream().write(octet);
    }

    private static int receive(Socket at) throws IOException {
        at.setSoTimeout(0);
        return at.getInputStream().read();
    }

    private static void assertSilent(Socket at) throws IOException {
        at.setSoTimeout(SILENCE_MILLIS);
        assertThatThrownBy(() -> at.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
    }

    private static ChaosLink.State state(boolean there, boolean back) {
        return new ChaosLink.State(there, back, false, Duration.ZERO);
    }

    @Test
    void whole_it_carries_both_directions() throws IOException {
        send(edge, 1);
        assertThat(receive(session)).isEqualTo(1);
        send(session, 2);
        assertThat(receive(edge)).isEqualTo(2);
    }

    @Test
    void nothing_gets_to_the_database_while_what_comes_from_it_passes() throws IOException {
        link.set(state(false, true));
        send(edge, 1);
        assertSilent(session);
        send(session, 2);
        assertThat(receive(edge)).isEqualTo(2);
    }

    @Test
    void nothing_comes_from_the_database_while_what_goes_to_it_passes() throws IOException {
        link.set(state(true, false));
        send(session, 2);
        assertSilent(edge);
        send(edge, 1);
        assertThat(receive(session)).isEqualTo(1);
    }

    @Test
    void what_was_held_arrives_in_order_when_it_is_whole_again() throws IOException {
        link.set(state(false, false));
        send(edge, 1);
        assertSilent(session);
        send(edge, 2);
        link.set(ChaosLink.State.WHOLE);
        assertThat(receive(session)).isEqualTo(1);
        assertThat(receive(session)).isEqualTo(2);
    }

    @Test
    void a_new_connection_is_as_silent_as_the_others() throws IOException {
        link.set(state(false, false));
        try (Socket other = new Socket(InetAddress.getLoopbackAddress(), link.port());
                Socket accepted = database.accept()) {
            send(other, 1);
            assertSilent(accepted);
            link.set(ChaosLink.State.WHOLE);
            assertThat(receive(accepted)).isEqualTo(1);
        }
    }

    @Test
    void cut_it_ends_connections_and_refuses_new_ones_until_it_is_whole() throws IOException {
        link.set(new ChaosLink.State(true, true, true, Duration.ZERO));
        assertThat(ended(edge)).isTrue();
        assertThat(ended(session)).isTrue();
        try (Socket other = new Socket(InetAddress.getLoopbackAddress(), link.port())) {
            assertThat(ended(other)).isTrue();
        }
        link.set(ChaosLink.State.WHOLE);
        try (Socket again = new Socket(InetAddress.getLoopbackAddress(), link.port());
                Socket accepted = database.accept()) {
            send(again, 3);
            assertThat(receive(accepted)).isEqualTo(3);
        }
    }

    /** By an end or a reset, whichever the other side's unread bytes make of it. */
    private static boolean ended(Socket socket) throws IOException {
        try {
            return receive(socket) < 0;
        } catch (SocketException e) {
            return true;
        }
    }

    @Test
    void slow_it_delays_each_direction() throws IOException {
        Duration delay = Duration.ofMillis(SILENCE_MILLIS);
        link.set(new ChaosLink.State(true, true, false, delay));
        long begin = System.nanoTime();
        send(edge, 1);
        assertThat(receive(session)).isEqualTo(1);
        send(session, 2);
        assertThat(receive(edge)).isEqualTo(2);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(delay.multipliedBy(2));
    }

    @Test
    void an_end_of_the_database_is_an_end_for_the_edge() throws IOException {
        session.close();
        assertThat(ended(edge)).isTrue();
    }
}
