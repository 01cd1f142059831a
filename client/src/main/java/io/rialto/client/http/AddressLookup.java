package io.rialto.client.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Finds the addresses of a host. The host stays in the URL, so certificates are checked against it whatever address is
 * answered; several addresses are tried side by side when the first is slow.
 */
public interface AddressLookup {
    /** The addresses, best first and at least one. */
    List<InetAddress> lookup(String host) throws UnknownHostException;

    /** What the operating system answers. */
    static AddressLookup system() {
        return host -> Collections.unmodifiableList(Arrays.asList(InetAddress.getAllByName(host)));
    }

    /** Addresses that ship with the app, before those that {@code next} answers, so that a broken DNS does not matter. */
    static AddressLookup pinned(Map<String, List<InetAddress>> addresses, AddressLookup next) {
        return host -> {
            List<InetAddress> first = addresses.getOrDefault(host, Collections.emptyList());
            List<InetAddress> all = new ArrayList<>(first);
            try {
                for (InetAddress address : next.lookup(host)) {
                    if (!all.contains(address)) {
                        all.add(address);
                    }
                }
            } catch (UnknownHostException e) {
                if (first.isEmpty()) {
                    throw e;
                }
            }
            return all;
        };
    }
}
