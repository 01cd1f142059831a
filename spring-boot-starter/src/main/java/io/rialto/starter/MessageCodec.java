package io.rialto.starter;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

/** Bytes to values of one type and back. */
sealed interface MessageCodec {
    Object ofJson(byte[] body) throws ProtocolException;

    Object ofProto(byte[] body) throws ProtocolException;

    byte[] toJson(Object value);

    byte[] toProto(Object value);

    /** Whether the type is a protobuf message; other types have JSON only. */
    boolean speaksProto();

    /** The codec of a protobuf message by its class, of any other type by Jackson. */
    static MessageCodec of(java.lang.reflect.Type type, JsonMapper json) {
        if (type instanceof Class<?> raw && Message.class.isAssignableFrom(raw)) {
            return new Proto(prototype(raw.asSubclass(Message.class)));
        }
        return new Jackson(json, json.constructType(type));
    }

    /** The default instance of a generated message class. */
    static Message prototype(Class<? extends Message> type) {
        try {
            return type.cast(type.getMethod("getDefaultInstance").invoke(null));
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("message: " + type.getName() + " (expected: a generated class)", e);
        }
    }

    /** A generated message; unknown fields are ignored, so that phones may be newer than backends. */
    record Proto(Message prototype) implements MessageCodec {
        private static final JsonFormat.Parser PARSER = JsonFormat.parser().ignoringUnknownFields();
        private static final JsonFormat.Printer PRINTER = JsonFormat.printer().omittingInsignificantWhitespace();

        @Override
        public Object ofJson(byte[] body) throws ProtocolException {
            Message.Builder builder = prototype.newBuilderForType();
            try {
                String text = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(body))
                        .toString();
                PARSER.merge(text, builder);
            } catch (InvalidProtocolBufferException | CharacterCodingException e) {
                throw new ProtocolException(Reason.INVALID_JSON, "body: " + e.getMessage() + expected());
            }
            return builder.build();
        }

        @Override
        public Object ofProto(byte[] body) throws ProtocolException {
            try {
                return prototype.getParserForType().parseFrom(body);
            } catch (InvalidProtocolBufferException e) {
                throw new ProtocolException(Reason.INVALID_BODY, "body: " + e.getMessage() + expected());
            }
        }

        private String expected() {
            return " (expected: " + prototype.getDescriptorForType().getFullName() + ")";
        }

        @Override
        public byte[] toJson(Object value) {
            try {
                return PRINTER.print((Message) value).getBytes(StandardCharsets.UTF_8);
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("answer cannot be written as JSON", e);
            }
        }

        @Override
        public byte[] toProto(Object value) {
            return ((Message) value).toByteArray();
        }

        @Override
        public boolean speaksProto() {
            return true;
        }
    }

    /** Any type that Jackson reads. */
    record Jackson(JsonMapper json, JavaType type) implements MessageCodec {
        @Override
        public Object ofJson(byte[] body) throws ProtocolException {
            try {
                Object value = json.readValue(body, type);
                if (value == null) {
                    throw new ProtocolException(Reason.INVALID_JSON, "body: null (expected: an object)");
                }
                return value;
            } catch (JacksonException e) {
                throw new ProtocolException(
                        Reason.INVALID_JSON, "body: " + e.getOriginalMessage() + " (expected: the request as JSON)");
            }
        }

        @Override
        public Object ofProto(byte[] body) throws ProtocolException {
            throw new ProtocolException(Reason.UNSUPPORTED_MEDIA, "content-type: protobuf (expected: JSON)");
        }

        @Override
        public byte[] toJson(Object value) {
            return json.writerFor(type).writeValueAsBytes(value);
        }

        @Override
        public byte[] toProto(Object value) {
            throw new IllegalStateException("a type without protobuf was asked for protobuf");
        }

        @Override
        public boolean speaksProto() {
            return false;
        }
    }
}
