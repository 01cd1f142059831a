package io.rialto.client.fake;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A call as a handler sees it, checked.
 *
 * @param arrivedAt the cell whose gateway it came to
 * @param cell the cell that handles it: the user's, where the user was placed in one
 * @param device null where the call was plain
 * @param user null where none is logged in
 * @param headers what seal or signature cover, by lower-case name
 */
@SuppressWarnings("ArrayRecordComponent") // bytes of a message, never compared
public record FakeCall(
        String operation,
        String arrivedAt,
        String cell,
        @Nullable String device,
        @Nullable String user,
        Map<String, String> headers,
        byte[] body) {
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
