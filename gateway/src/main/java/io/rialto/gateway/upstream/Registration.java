package io.rialto.gateway.upstream;

import io.netty.util.NetUtil;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a backend says about itself when it registers, and again before its lease ends.
 *
 * @param instance tells the service's backends apart; a new one at each start of the backend's process
 * @param address an IP address and port, not a name
 * @param colour of the release that it is an instance of, for deploy units; may be empty
 * @param ttlMillis how long the lease lasts; 0 ends it: no new calls, those in flight finish
 */
public record Registration(
        String service,
        String instance,
        Address address,
        BackendProtocol protocol,
        int weight,
        String colour,
        int ttlMillis) {
    /** What a lease lasts that says nothing else. */
    public static final int DEFAULT_TTL_MILLIS = 10_000;

    private static final int MAX_TTL_MILLIS = 60_000;
    private static final int MAX_WEIGHT = 100;
    private static final Pattern SERVICE = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,127}");
    private static final Pattern COLOUR = Pattern.compile("([a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?)?");
    private static final Pattern INSTANCE = Pattern.compile("[A-Za-z0-9_.:-]{1,128}");
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    public Registration {
        if (!SERVICE.matcher(service).matches()) {
            throw new IllegalArgumentException("service: " + service + " (expected: " + SERVICE + ")");
        }
        if (!INSTANCE.matcher(instance).matches()) {
            throw new IllegalArgumentException("instance: " + instance + " (expected: " + INSTANCE + ")");
        }
        if (!COLOUR.matcher(colour).matches()) {
            throw new IllegalArgumentException("colour: " + colour + " (expected: " + COLOUR + ")");
        }
        if (NetUtil.createByteArrayFromIpAddressString(address.host()) == null) {
            throw new IllegalArgumentException("address: " + address + " (expected: an IP address and port)");
        }
        BackendSettings.between("weight", weight, 1, MAX_WEIGHT);
        BackendSettings.between("ttl-ms", ttlMillis, 0, MAX_TTL_MILLIS);
    }

    /**
     * Reads {@code {"service", "instance", "address", "protocol", "weight", "colour", "ttl-ms"}}; the last four may be left out
     * for {@code http1}, 1, none and {@value #DEFAULT_TTL_MILLIS}.
     *
     * @throws IllegalArgumentException that says what is wrong
     */
    public static Registration parse(byte[] json) {
        JsonNode node;
        try {
            node = MAPPER.readTree(json);
        } catch (JacksonException malformed) {
            throw new IllegalArgumentException("registration: not JSON: " + malformed.getOriginalMessage(), malformed);
        }
        JsonFields fields = new JsonFields(node);
        Registration registration = fields.checked(() -> new Registration(
                fields.text("service", ""),
                fields.text("instance", ""),
                Address.parse(fields.text("address", "")),
                BackendProtocol.ofWireName(fields.text("protocol", "http1")),
                fields.integer("weight", 1),
                fields.text("colour", ""),
                fields.integer("ttl-ms", DEFAULT_TTL_MILLIS)));
        if (registration == null || !fields.wrong().isEmpty()) {
            throw new IllegalArgumentException("registration: " + String.join("; ", fields.wrong()));
        }
        return registration;
    }
}
