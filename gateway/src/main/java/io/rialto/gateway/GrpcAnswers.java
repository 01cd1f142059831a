package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.protocol.Code;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Failures from the one convention to the other: gRPC's status headers, and the JSON of docs/protocol.md, section 2. */
final class GrpcAnswers {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private GrpcAnswers() {}

    /** A backend that speaks gRPC failed, and the caller speaks JSON: the status becomes the body. */
    static void toJson(Exchange x) {
        AsciiString status = x.answerHeaders.get(Names.GRPC_STATUS);
        AsciiString message = x.answerHeaders.get(Names.GRPC_MESSAGE);
        AsciiString reason = x.answerHeaders.get(Names.REASON);
        x.answerHeaders.remove(Names.GRPC_STATUS).remove(Names.GRPC_MESSAGE);
        Code code = code(status == null ? "" : status.toString());
        if (code == Code.OK) {
            return;
        }
        ObjectNode json = JSON.createObjectNode().put("code", code.wireName());
        if (reason != null) {
            json.put("reason", reason.toString());
        }
        json.put("message", message == null ? "" : decoded(message.toString()));
        ByteBuf old = x.answerBody;
        x.answerBody = Unpooled.copiedBuffer(json.toString(), StandardCharsets.UTF_8);
        old.release();
        x.answerHeaders.set(Names.CONTENT_TYPE, Names.JSON);
        x.status = code.httpStatus();
    }

    /** A backend that speaks JSON failed, and the caller speaks gRPC: its code and message become headers. */
    static void fromJson(Exchange x) {
        Code code = Code.ofHttpStatus(x.status);
        String message = "";
        try {
            JsonNode json = JSON.readTree(ByteBufUtil.getBytes(x.answerBody));
            if (json.path("code").isString()) {
                code = Code.ofWireName(json.path("code").stringValue());
            }
            message = json.path("message").asString("");
        } catch (JacksonException notJson) {
            message = "HTTP status " + x.status;
        }
        x.answerHeaders.set(Names.GRPC_STATUS, Integer.toString(code.grpcStatus()));
        x.answerHeaders.set(Names.GRPC_MESSAGE, encoded(message));
    }

    private static Code code(String status) {
        try {
            return Code.ofGrpcStatus(Integer.parseInt(status));
        } catch (NumberFormatException e) {
            return Code.UNKNOWN;
        }
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notEncoded) {
            return text;
        }
    }

    /** gRPC's percent encoding. */
    private static String encoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b >= 0x20 && b < 0x7f && b != '%') {
                encoded.append((char) b);
            } else {
                encoded.append(String.format("%%%02X", b & 0xff));
            }
        }
        return encoded.toString();
    }
}
