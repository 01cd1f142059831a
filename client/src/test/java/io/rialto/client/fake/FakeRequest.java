package io.rialto.client.fake;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.SignedMessage;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request as it came.
 *
 * @param headers by lower-case name
 */
@SuppressWarnings("ArrayRecordComponent") // bytes of a message, never compared
record FakeRequest(String method, String path, @Nullable String query, Map<String, String> headers, byte[] body)
        implements SignedMessage {
    String required(String name) throws ProtocolException {
        String value = header(name);
        if (value == null) {
            throw new ProtocolException(Reason.IDENTITY_REQUIRED, name + ": missing");
        }
        return value;
    }

    @Override
    public String scheme() {
        return "http";
    }

    @Override
    public String authority() {
        return headers.getOrDefault("host", "");
    }

    @Override
    public int status() {
        return 0;
    }

    @Override
    public @Nullable String header(String name) {
        return headers.get(name);
    }
}
