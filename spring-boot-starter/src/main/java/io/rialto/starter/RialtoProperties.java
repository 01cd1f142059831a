package io.rialto.starter;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of a backend, under {@code rialto}.
 *
 * @param service its name in the gateway's configuration
 * @param instance tells the instances of a service apart; random by default
 * @param app that it publishes messages to; only backends that publish need one
 * @param callerKeysFile JSON list of {@code {"id", "key", "from", "until"}}: the keys of caller tokens; read again when it
 *     changes
 * @param gateways internal addresses, {@code host:port}, of the own cell's gateways: to register with, and to call other
 *     cells through; without any the backend does not register
 * @param colour of the release that this is an instance of, for deploy units; none by default
 * @param messageLease after this time another worker may publish what one has taken from the outbox
 * @param host the address under which the gateways reach this instance
 * @param maxBodyBytes longest request and, between cells, longest answer
 */
@ConfigurationProperties("rialto")
public record RialtoProperties(
        String service,
        @DefaultValue("") String instance,
        @DefaultValue("") String app,
        Path callerKeysFile,
        @DefaultValue List<String> gateways,
        @DefaultValue("") String colour,
        @DefaultValue("30s") Duration messageLease,
        @DefaultValue("127.0.0.1") String host,
        @DefaultValue("1048576") int maxBodyBytes) {

    /** Arrays above this would not be one message any more. */
    private static final int LARGEST_BODY = 64 << 20;

    public RialtoProperties {
        if (!service.matches("[a-z][a-z0-9-]{0,62}")) {
            throw new IllegalArgumentException(
                    "rialto.service: " + service + " (expected: lower-case letters, digits and dashes, at most 63)");
        }
        if (maxBodyBytes < 1 || maxBodyBytes > LARGEST_BODY) {
            throw new IllegalArgumentException(
                    "rialto.max-body-bytes: " + maxBodyBytes + " (expected: 1.." + LARGEST_BODY + ")");
        }
        if (!colour.matches("([a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?)?")) {
            throw new IllegalArgumentException(
                    "rialto.colour: " + colour + " (expected: lower-case letters, digits and dashes, at most 32)");
        }
        for (String gateway : gateways) {
            if (!gateway.matches("[^/@\\s]+:[0-9]{1,5}")) {
                throw new IllegalArgumentException("rialto.gateways: " + gateway + " (expected: host:port)");
            }
        }
        gateways = List.copyOf(gateways);
        instance = instance.isEmpty() ? UUID.randomUUID().toString() : instance;
    }
}
