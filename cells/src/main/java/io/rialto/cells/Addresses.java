package io.rialto.cells;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Addresses of the hosts that phones reach cells by, and which of them clients of a network should try first.
 *
 * @param byHost addresses of each host that the table knows, by its name in lower case
 * @param networks in the order of the table: of those that hold a client, the narrowest is its own
 * @param zone whose names stand for shards, such as {@code s7.<zone>}, in lower case; empty where there is none
 */
public record Addresses(Map<String, List<InetAddress>> byHost, List<Network> networks, String zone) {
    /**
     * Clients that are near some addresses.
     *
     * @param address the first of the network, without the host's bits
     * @param bits of the prefix
     * @param preferred addresses that its clients try first
     */
    public record Network(InetAddress address, int bits, List<InetAddress> preferred) {
        public Network {
            preferred = List.copyOf(preferred);
        }

        /**
         * Reads {@code 10.1.0.0/16} or {@code 2001:db8::/32}.
         *
         * @throws IllegalArgumentException where it is none, or has bits behind the prefix
         */
        static Network of(String cidr, List<InetAddress> preferred) {
            int slash = cidr.indexOf('/');
            if (slash < 0) {
                throw new IllegalArgumentException(cidr);
            }
            InetAddress address = InetAddress.ofLiteral(cidr.substring(0, slash));
            int bits = Integer.parseInt(cidr.substring(slash + 1));
            byte[] bytes = address.getAddress();
            if (bits < 0
                    || bits > bytes.length * Byte.SIZE
                    || !sameBits(bytes, masked(bytes, bits), bytes.length * 8)) {
                throw new IllegalArgumentException(cidr);
            }
            return new Network(address, bits, preferred);
        }

        private static byte[] masked(byte[] bytes, int bits) {
            byte[] masked = bytes.clone();
            for (int i = 0; i < masked.length; i++) {
                int kept = Math.clamp(bits - (long) i * Byte.SIZE, 0, Byte.SIZE);
                masked[i] = (byte) (masked[i] & 0xff00 >> kept);
            }
            return masked;
        }

        private static boolean sameBits(byte[] one, byte[] two, int bits) {
            for (int i = 0; i < bits; i++) {
                int bit = 0x80 >> (i & 7);
                if ((one[i >> 3] & bit) != (two[i >> 3] & bit)) {
                    return false;
                }
            }
            return true;
        }

        boolean holds(InetAddress client) {
            byte[] bytes = client.getAddress();
            byte[] own = address.getAddress();
            return bytes.length == own.length && sameBits(bytes, own, bits);
        }
    }

    public Addresses {
        Map<String, List<InetAddress>> copy = new HashMap<>();
        byHost.forEach((host, list) -> copy.put(host, List.copyOf(list)));
        byHost = Map.copyOf(copy);
        networks = List.copyOf(networks);
    }

    /** The narrowest network that a client is in. */
    public Optional<Network> networkOf(InetAddress client) {
        Network narrowest = null;
        for (Network network : networks) {
            if (network.holds(client) && (narrowest == null || network.bits() > narrowest.bits())) {
                narrowest = network;
            }
        }
        return Optional.ofNullable(narrowest);
    }

    /** The addresses of a host, those that the network prefers first; none where the table does not know them. */
    public List<InetAddress> of(String host, Optional<Network> network) {
        List<InetAddress> all = byHost.getOrDefault(host, List.of());
        List<InetAddress> ordered = new ArrayList<>(all);
        ordered.sort((a, b) -> Integer.compare(rank(a, network), rank(b, network)));
        return ordered;
    }

    private static int rank(InetAddress address, Optional<Network> network) {
        return network.isPresent() && network.get().preferred().contains(address) ? 0 : 1;
    }
}
