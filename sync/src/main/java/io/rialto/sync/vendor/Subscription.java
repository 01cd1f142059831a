package io.rialto.sync.vendor;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.math.BigInteger;
import java.net.URI;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A browser's push subscription, as {@code JSON.stringify(subscription)} gives it; the push token of devices of the vendor
 * {@code webpush}. It comes from a device, so nothing of it is believed before it was looked at.
 *
 * @param point of P-256, uncompressed
 * @param auth 16 bytes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Subscription(URI endpoint, byte[] point, byte[] auth) {
    private static final int MAX_ENDPOINT = 2_048;
    private static final int AUTH_BYTES = 16;

    /** Null where it is not one. */
    static @Nullable Subscription parse(String text) {
        try {
            JsonNode json = Json.read(text);
            String endpoint = json.path("endpoint").asString("");
            byte[] point = bytes(json.path("keys").path("p256dh"));
            byte[] auth = bytes(json.path("keys").path("auth"));
            if (endpoint.length() > MAX_ENDPOINT || auth.length != AUTH_BYTES || !isPoint(point)) {
                return null;
            }
            URI uri = URI.create(endpoint);
            boolean plain = uri.getHost() != null && uri.getUserInfo() == null && uri.getFragment() == null;
            return plain && "https".equals(uri.getScheme()) ? new Subscription(uri, point, auth) : null;
        } catch (JsonException | IllegalArgumentException e) {
            return null;
        }
    }

    private static byte[] bytes(JsonNode value) {
        return Base64.getUrlDecoder()
                .decode(value.asString("").replace('+', '-').replace('/', '_').replace("=", ""));
    }

    /** A point that is not on the curve would tell something of the key that is used with it. */
    private static boolean isPoint(byte[] point) {
        if (point.length != P256.POINT_BYTES || point[0] != P256.UNCOMPRESSED) {
            return false;
        }
        BigInteger x = new BigInteger(1, Arrays.copyOfRange(point, 1, 33));
        BigInteger y = new BigInteger(1, Arrays.copyOfRange(point, 33, P256.POINT_BYTES));
        return P256.contains(x, y);
    }

    /** Without its keys, and without the path, which is as good as a token. */
    @Override
    public String toString() {
        return "subscription at " + endpoint.getHost();
    }
}
