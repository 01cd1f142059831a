package io.rialto.client.fake;

import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a handler answers.
 *
 * @param headers by lower-case name
 * @param bindUser the user to bind the device to, where this is a login's answer
 */
@SuppressWarnings("ArrayRecordComponent") // bytes of a message, never compared
public record FakeAnswer(
        int status,
        Map<String, String> headers,
        byte[] body,
        @Nullable String bindUser) {
    public static FakeAnswer json(String json) {
        return new FakeAnswer(
                200, Map.of("content-type", "application/json"), json.getBytes(StandardCharsets.UTF_8), null);
    }

    /** The answer of a login: binds the calling device to a user. */
    public static FakeAnswer login(String user, String json) {
        FakeAnswer answer = json(json);
        return new FakeAnswer(answer.status, answer.headers, answer.body, user);
    }

    /** A backend's own error. */
    public static FakeAnswer error(Code code, String reason, String message) {
        String json =
                "{\"code\":\"" + code.wireName() + "\",\"reason\":\"" + reason + "\",\"message\":\"" + message + "\"}";
        return new FakeAnswer(
                code.httpStatus(),
                Map.of("content-type", "application/json"),
                json.getBytes(StandardCharsets.UTF_8),
                null);
    }

    /** A refusal of the platform's. */
    public static FakeAnswer refusal(Reason reason) {
        FakeAnswer answer = error(reason.code(), reason.wireName(), "refused by the fake platform");
        return new FakeAnswer(reason.httpStatus(), answer.headers, answer.body, null)
                .with(HeaderNames.REASON, reason.wireName());
    }

    public FakeAnswer with(String name, String value) {
        Map<String, String> all = new HashMap<>(headers);
        all.put(name, value);
        return new FakeAnswer(status, all, body, bindUser);
    }
}
