package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** What a directory answers, or a storage holds, is taken or passed over, whatever the bytes; nothing is looked up for it. */
class RememberedAddressesFuzzTest {
    @FuzzTest
    void takes_addresses_or_passes_over_what_is_none(FuzzedDataProvider data) throws UnknownHostException {
        InMemoryStorage storage = new InMemoryStorage();
        Kept kept = new Kept(storage, "wallet", message -> {});
        kept.put("addresses", data.consumeBytes(data.consumeInt(0, 200)));
        byte[] answer = data.consumeRemainingAsBytes();
        List<InetAddress> system = List.of(InetAddress.getLoopbackAddress());
        RememberedAddresses addresses = new RememberedAddresses(host -> system, Clock.system(), Runnable::run);
        addresses.begin(kept, () -> answer, gateways -> assertThat(gateways).doesNotContainNull());
        assertThat(addresses.lookup("east.example")).isNotEmpty();
        assertThat(addresses.lookup("east.example")).isNotEmpty();
    }
}
