package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.server.ChaosMachines.Cut;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real namespaces, where the machine of the tests allows them; what needs none is tested everywhere. */
@Timeout(60)
class ChaosMachinesTest {
    private static final int SILENCE_MILLIS = 300;

    private static ChaosMachines machines = ChaosMachines.loopback("not made yet");

    @BeforeAll
    static void make() throws Exception {
        machines = ChaosMachines.make(List.of("one", "two"));
    }

    @AfterAll
    static void remove() throws Exception {
        machines.close();
        assertThat(namespacesOf(ProcessHandle.current().pid())).isEmpty();
    }

    private static List<String> namespacesOf(long owner) throws IOException {
        Path folder = Path.of("/run/netns");
        List<String> found = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (var files = Files.list(folder)) {
                files.map(file -> file.getFileName().toString())
                        .filter(name -> ChaosNamespace.owner(name) == owner)
                        .forEach(found::add);
            }
        }
        return found;
    }

    /** A program on a machine that says what it hears from whoever connects, a line each. */
    private static Process listener(String machine) throws IOException {
        List<String> command = new ArrayList<>(machines.enter(machine));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Echo.class.getName(),
                machines.host(machine)));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    /** Sends back what it gets. */
    static final class Echo {
        private Echo() {}

        public static void main(String[] arguments) throws IOException {
            try (ServerSocket server = new ServerSocket()) {
                server.bind(new InetSocketAddress(arguments[0], 0));
                System.out.println(server.getLocalPort());
                while (true) {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> {
                        try (socket) {
                            socket.getInputStream().transferTo(socket.getOutputStream());
                        } catch (IOException e) {
                            System.out.println(e);
                        }
                    });
                }
            }
        }
    }

    private static int echo(Socket socket) throws IOException {
        socket.getOutputStream().write(7);
        return socket.getInputStream().read();
    }

    @Test
    void a_machine_that_is_cut_off_hears_and_says_nothing_but_to_whoever_looks_at_it() throws Exception {
        Assumptions.assumeTrue(machines.apart(), machines.describe());
        Process process = listener("one");
        try (BufferedReader lines = process.inputReader();
                Socket link = new Socket();
                Socket look = new Socket()) {
            InetSocketAddress there = new InetSocketAddress(machines.host("one"), Integer.parseInt(lines.readLine()));
            link.bind(new InetSocketAddress(machines.between(), 0));
            link.connect(there);
            look.connect(there);
            for (Cut cut : Cut.values()) {
                machines.cut("one", cut);
                link.setSoTimeout(SILENCE_MILLIS);
                assertThatThrownBy(() -> echo(link)).as(cut.name()).isInstanceOf(SocketTimeoutException.class);
                assertThat(echo(look)).as(cut.name()).isEqualTo(7);
                machines.heal();
                link.setSoTimeout(0);
                assertThat(link.getInputStream().read()).as(cut.name()).isEqualTo(7);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void one_machine_has_no_other_ones_addresses() {
        Assumptions.assumeTrue(machines.apart(), machines.describe());
        assertThat(machines.host("one")).isNotEqualTo(machines.host("two"));
        assertThat(machines.addresses())
                .contains(machines.host("one"), machines.host("two"))
                .doesNotHaveDuplicates();
        assertThat(machines.place("two").clients()).isPresent();
    }

    @Test
    void without_namespaces_all_is_the_loopback_address_and_nothing_can_be_cut_off() {
        ChaosMachines none = ChaosMachines.loopback("they are for root");
        assertThat(none.apart()).isFalse();
        assertThat(none.host("one")).isEqualTo("127.0.0.1");
        assertThat(none.enter("one")).isEmpty();
        assertThat(none.between().isLoopbackAddress()).isTrue();
        assertThat(none.describe()).contains("loopback").contains("they are for root");
        assertThatThrownBy(() -> none.cut("one", Cut.BOTH)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_machine_that_a_process_made_which_is_gone_is_taken_away_with_what_runs_there() throws Exception {
        Assumptions.assumeTrue(machines.apart(), machines.describe());
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        ChaosBridge bridge = ChaosBridge.make(gone.pid());
        ChaosNamespace left = ChaosNamespace.make(bridge, "left", 0);
        List<String> command = new ArrayList<>(left.enter());
        command.addAll(List.of("sleep", "60"));
        Process inside = new ProcessBuilder(command).start();
        ChaosBridge.removeLeftOver();
        assertThat(namespacesOf(gone.pid())).isEmpty();
        assertThat(Path.of("/sys/class/net", bridge.name())).doesNotExist();
        assertThat(inside.waitFor()).isNotZero();
        assertThat(namespacesOf(ProcessHandle.current().pid())).hasSize(2);
    }

    @Test
    void a_net_is_taken_that_no_route_leads_to() throws IOException {
        String routes = "[{\"dst\":\"default\"},{\"dst\":\"198.18.0.0/24\"},{\"dst\":\"198.18.1.7\"},"
                + "{\"dst\":\"198.18.2.0/23\"},{\"dst\":\"10.0.0.0/8\"},{\"dst\":\"fe80::/64\"}]";
        assertThat(ChaosBridge.freePrefix(routes, 0)).isEqualTo("198.18.4.");
        assertThat(ChaosBridge.freePrefix(routes, 511)).isEqualTo("198.19.255.");
        assertThat(ChaosBridge.freePrefix("[]", 512)).isEqualTo("198.18.0.");
        assertThatThrownBy(() -> ChaosBridge.freePrefix("[{\"dst\":\"198.16/14\"}]", 9))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("198.16/14");
    }

    @Test
    void names_of_namespaces_say_whose_they_are() {
        assertThat(ChaosNamespace.owner("rialto-4711-east-2")).isEqualTo(4711);
        assertThat(ChaosNamespace.owner("rialto-x-east")).isNegative();
        assertThat(ChaosNamespace.owner("rialto-")).isNegative();
        assertThat(ChaosNamespace.owner("other-4711-east")).isNegative();
    }
}
