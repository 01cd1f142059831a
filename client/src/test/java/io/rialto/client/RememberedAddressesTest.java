package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.http.AddressLookup;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RememberedAddressesTest {
    private static final String HOST = "east.example";

    private final Map<String, String> system = new HashMap<>(Map.of(HOST, "192.0.2.1"));
    private final List<String> asked = new ArrayList<>();
    private final Deque<Runnable> refreshes = new ArrayDeque<>();
    private final List<URI> gateways = new ArrayList<>();
    private final InMemoryStorage storage = new InMemoryStorage();
    private final Kept kept = new Kept(storage, "wallet", message -> {});
    private @Nullable String directory;
    private long nanos = 1;

    private final Clock clock = new Clock() {
        @Override
        public long millis() {
            return 0;
        }

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void sleep(long time) {
            throw new AssertionError("nobody sleeps here");
        }
    };

    private final AddressLookup next = host -> {
        asked.add(host);
        String address = system.get(host);
        if (address == null) {
            throw new UnknownHostException(host);
        }
        return List.of(InetAddress.getByName(address));
    };

    private RememberedAddresses started() {
        RememberedAddresses addresses = new RememberedAddresses(next, clock, refreshes::add);
        addresses.begin(
                kept, () -> directory == null ? null : directory.getBytes(StandardCharsets.UTF_8), gateways::addAll);
        return addresses;
    }

    private void refresh() {
        for (Runnable one = refreshes.poll(); one != null; one = refreshes.poll()) {
            one.run();
        }
    }

    private static String found(RememberedAddresses addresses) throws UnknownHostException {
        return addresses.lookup(HOST).get(0).getHostAddress();
    }

    @Test
    void what_is_old_is_used_while_it_is_asked_for_anew() throws UnknownHostException {
        RememberedAddresses addresses = started();
        assertThat(found(addresses)).isEqualTo("192.0.2.1");
        refresh();
        system.put(HOST, "192.0.2.2");
        asked.clear();
        assertThat(found(addresses)).isEqualTo("192.0.2.1");
        assertThat(refreshes).isEmpty();
        nanos += TimeUnit.MINUTES.toNanos(11);
        assertThat(found(addresses)).isEqualTo("192.0.2.1");
        assertThat(found(addresses)).isEqualTo("192.0.2.1");
        assertThat(refreshes).hasSize(1);
        assertThat(asked).isEmpty();
        refresh();
        assertThat(found(addresses)).isEqualTo("192.0.2.2");
    }

    @Test
    void the_directory_goes_before_the_system_and_names_further_gateways() throws UnknownHostException {
        directory = "{\"gateways\":[\"https://west.example:8444\"],\"hosts\":{\"east.example\":[\"203.0.113.9\"]}}";
        RememberedAddresses addresses = started();
        found(addresses);
        asked.clear();
        refresh();
        assertThat(found(addresses)).isEqualTo("203.0.113.9");
        assertThat(asked).isEmpty();
        assertThat(gateways).containsExactly(URI.create("https://west.example:8444"));
    }

    @Test
    void a_broken_dns_does_not_matter_to_who_has_been_here_before() throws UnknownHostException {
        found(started());
        refresh();
        system.clear();
        RememberedAddresses restarted = started();
        assertThat(found(restarted)).isEqualTo("192.0.2.1");
        refresh();
        assertThat(found(restarted)).isEqualTo("192.0.2.1");
        assertThat(refreshes).isEmpty();
        assertThatThrownBy(() -> restarted.lookup("new.example")).isInstanceOf(UnknownHostException.class);
    }

    @Test
    void an_answer_that_is_none_changes_nothing() throws UnknownHostException {
        for (String wrong : new String[] {
            "",
            "[]",
            "{\"hosts\":{\"east.example\":[\"west.example\"]}}",
            "{\"hosts\":{\"east.example\":7}}",
            "{\"hosts\":[],\"gateways\":[\"ftp://x\"]}",
            "{\"hosts\":{\"east.example\":[\"999.0.0.1\"]}}"
        }) {
            directory = wrong;
            RememberedAddresses addresses = started();
            found(addresses);
            refresh();
            assertThat(found(addresses)).as(wrong).isEqualTo("192.0.2.1");
            assertThat(gateways).isEmpty();
            nanos += TimeUnit.MINUTES.toNanos(11);
        }
    }

    @Test
    void addresses_are_not_looked_up_or_asked_for() throws UnknownHostException {
        system.put("192.0.2.7", "192.0.2.7");
        assertThat(started().lookup("192.0.2.7")).hasSize(1);
        assertThat(refreshes).isEmpty();
    }
}
