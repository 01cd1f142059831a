package io.rialto.sync;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.Parser;
import com.google.protobuf.util.JsonFormat;
import io.rialto.node.Json;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes the bodies of a call: protobuf, or its JSON form. In JSON a payload may also be given as any value
 * under {@code json}, so that nobody has to write base64 by hand.
 */
final class InboxJson {
    private static final String PAYLOAD = "payload";
    private static final String VALUE = "json";

    /** A payload keeps the digits of its numbers. */
    private static final JsonMapper MAPPER = Json.mapper()
            .rebuild()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private static final JsonFormat.Printer PRINTER = JsonFormat.printer().omittingInsignificantWhitespace();

    private InboxJson() {}

    /**
     * The request in a body.
     *
     * @param empty of its type
     */
    static <M extends Message> M read(InboxCall call, M empty, Parser<M> parser) throws ProtocolException {
        try {
            if (!call.json()) {
                return parser.parseFrom(call.body());
            }
            Message.Builder builder = empty.newBuilderForType();
            JsonFormat.parser().merge(canonical(call.body()), builder);
            return parser.parseFrom(builder.build().toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new ProtocolException(
                    call.json() ? Reason.INVALID_JSON : Reason.INVALID_BODY,
                    "body: " + e.getMessage() + " (expected: "
                            + empty.getDescriptorForType().getFullName() + " of rialto/sync.proto)");
        }
    }

    /** The JSON form that protobuf defines: strict JSON without duplicate keys, the payload as base64. */
    private static String canonical(byte[] body) throws ProtocolException {
        JsonNode json;
        try {
            json = MAPPER.readTree(body);
        } catch (JacksonException e) {
            throw new ProtocolException(Reason.INVALID_JSON, "body: " + e.getOriginalMessage() + " (expected: JSON)");
        }
        if (!(json instanceof ObjectNode object)) {
            throw new ProtocolException(Reason.INVALID_JSON, "body: " + json.getNodeType() + " (expected: an object)");
        }
        JsonNode value = object.remove(VALUE);
        if (value != null) {
            if (object.has(PAYLOAD)) {
                throw new ProtocolException(
                        Reason.INVALID_JSON,
                        "payload and json: both (expected: base64 as payload, or any value as json)");
            }
            byte[] text = Json.write(value).getBytes(StandardCharsets.UTF_8);
            object.put(PAYLOAD, Base64.getEncoder().encodeToString(text));
        }
        return Json.write(object);
    }

    static byte[] write(InboxCall call, MessageOrBuilder answer) {
        if (!call.json()) {
            return ((Message) answer).toByteArray();
        }
        try {
            return PRINTER.print(answer).getBytes(StandardCharsets.UTF_8);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(
                    "answer that has no JSON form: "
                            + answer.getDescriptorForType().getFullName(),
                    e);
        }
    }
}
