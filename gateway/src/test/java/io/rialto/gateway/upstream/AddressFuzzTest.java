package io.rialto.gateway.upstream;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** Whatever is taken for an address is written as one that reads the same. */
class AddressFuzzTest {
    @FuzzTest
    void takes_only_what_it_can_write_again(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        Address address;
        try {
            address = Address.parse(text);
        } catch (IllegalArgumentException refused) {
            return;
        }
        if (!Address.parse(address.toString()).equals(address)) {
            throw new AssertionError(text + " is written as " + address);
        }
    }
}
