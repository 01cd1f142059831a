package io.rialto.gateway;

import io.rialto.cells.Addresses;
import io.rialto.cells.Cell;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.config.Keys;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where cells are, for phones that cannot or will not trust DNS: docs/protocol.md, section "Directory". It is asked by
 * shard, which thousands share, never by user; a single user's own shard is not to be had here, since who holds one is
 * nobody else's business.
 */
final class Directory {
    static final String PATH = "/rialto/directory";

    /** What precedes the body in what is signed. */
    static final String LABEL = "rialto-directory/1\n";

    /** Of all shards and some networks; beyond that, those that are asked for are made again. */
    private static final int MAX_KEPT = 4096;

    private static final int ANY_SHARD = CellChoice.ANY_SHARD;
    private static final String SHARD = "shard=";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final RoutingTable table;
    private final Keys.Directory key;
    private final Map<Question, Answer> kept = new ConcurrentHashMap<>();

    private Directory(RoutingTable table, Keys.Directory key) {
        this.table = table;
        this.key = key;
    }

    /**
     * What is asked, from where, and when.
     *
     * @param away cells that this node sees to be away
     */
    record Question(int shard, Optional<Addresses.Network> network, Set<String> away) {}

    /** The body, and its signature as the header's value. */
    record Answer(String body, String signature) {}

    /** The directory of a table, under the newest key that has begun; null where there is none. */
    static @Nullable Directory of(RoutingTable table, Keys keys, Instant now) {
        return keys.directory().stream()
                .filter(one -> one.term().covers(now))
                .max(Comparator.comparing(one -> one.term().from()))
                .map(one -> new Directory(table, one))
                .orElse(null);
    }

    Question question(@Nullable String query, SocketAddress from, Set<String> away) throws ProtocolException {
        int shard = ANY_SHARD;
        if (query != null) {
            if (!query.startsWith(SHARD) || !query.substring(SHARD.length()).matches("[0-9]{1,9}")) {
                throw new ProtocolException(
                        Reason.MALFORMED_FRAME,
                        "query: " + query.length() + " characters (expected: shard=N, or none)");
            }
            shard = Integer.parseInt(query.substring(SHARD.length()));
        }
        return new Question(shard < table.shards() ? shard : ANY_SHARD, networkOf(table, from), away);
    }

    static Optional<Addresses.Network> networkOf(RoutingTable table, SocketAddress from) {
        InetAddress client = from instanceof InetSocketAddress socket ? socket.getAddress() : null;
        return client == null ? Optional.empty() : table.addresses().networkOf(client);
    }

    @Nullable
    Answer kept(Question question) {
        return kept.get(question);
    }

    /** Makes and signs the answer; not for event loops. */
    Answer make(Question question) {
        byte[] body = JSON.writeValueAsBytes(body(question));
        Answer answer = new Answer(new String(body, StandardCharsets.UTF_8), key.id() + ";" + signature(body));
        if (kept.size() < MAX_KEPT) {
            kept.put(question, answer);
        }
        return answer;
    }

    private ObjectNode body(Question question) {
        ObjectNode body = JSON.createObjectNode();
        if (question.shard() != ANY_SHARD) {
            Place place = table.place(question.shard()).orElseThrow();
            body.put("shard", place.shard()).put("epoch", place.epoch());
            body.put("cell", place.cell().id());
        }
        ArrayNode gateways = body.putArray("gateways");
        Set<String> hosts = new LinkedHashSet<>();
        for (Cell cell : CellChoice.of(table, question.shard(), question.away())) {
            for (URI url : cell.publicUrls()) {
                gateways.add(url.toString());
                hosts.add(url.getHost().toLowerCase(Locale.ROOT));
            }
        }
        ObjectNode addresses = body.putObject("hosts");
        for (String host : hosts) {
            List<InetAddress> known = table.addresses().of(host, question.network());
            if (!known.isEmpty()) {
                ArrayNode list = addresses.putArray(host);
                known.forEach(address -> list.add(address.getHostAddress()));
            }
        }
        return body;
    }

    private String signature(byte[] body) {
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(key.key());
            signature.update(LABEL.getBytes(StandardCharsets.US_ASCII));
            signature.update(body);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a directory key that worked when it was read", e);
        }
    }
}
