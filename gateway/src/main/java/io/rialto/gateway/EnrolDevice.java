package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.Tokens;
import io.rialto.protocol.DeviceKeys;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /rialto.Device/Enrol}: docs/protocol.md, section 4. The credential carries all; nothing is stored. */
final class EnrolDevice implements BuiltIn {
    private static final int MAX_BODY = 1024;

    private final JsonMapper json = JsonMapper.builder().build();

    @Override
    public Audience audience() {
        return Audience.ENROLLING;
    }

    @Override
    public int maxBodyBytes() {
        return MAX_BODY;
    }

    @Override
    public Step.Progress invoke(Exchange x) throws ProtocolException {
        byte[] point = x.identity.enrolling();
        if (point == null) {
            throw new ProtocolException(Reason.IDENTITY_REQUIRED, "enrolment (expected: keyid enrol:<point>)");
        }
        String app = x.state.app(app(x)).id();
        String device = DeviceKeys.deviceId(app, point);
        x.state.checked(Identity.device(app, device, null));
        long now = x.nowMillis / 1000;
        long expires = now + x.state.config.bounds().credentialSeconds();
        String credential =
                x.state.tokens.mint(new Tokens.Credential(app, device, point, expires), Instant.ofEpochSecond(now));
        String answer = "{\"device\": \"" + device + "\", \"credential\": \"" + credential + "\", \"expires\": "
                + expires + "}";
        return x.answer(
                200,
                new HeaderList(8).add(Names.CONTENT_TYPE, Names.JSON),
                Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII));
    }

    private String app(Exchange x) throws ProtocolException {
        try {
            JsonNode app = json.readTree(x.bodyBytes()).path("app");
            if (app.isString()) {
                return app.stringValue();
            }
        } catch (JacksonException malformed) {
            throw new ProtocolException(Reason.INVALID_JSON, "enrolment: not JSON (expected: {\"app\": \"<id>\"})");
        }
        throw new ProtocolException(Reason.INVALID_BODY, "enrolment: no app (expected: {\"app\": \"<id>\"})");
    }
}
