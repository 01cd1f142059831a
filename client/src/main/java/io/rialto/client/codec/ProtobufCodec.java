package io.rialto.client.codec;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Protobuf messages, of the full library or the lite one. The parser of a type is taken from its default instance,
 * which the app names, so that code shrinkers see that it is used: {@code ProtobufCodec.of(Balance.getDefaultInstance())}.
 */
public final class ProtobufCodec implements Codec {
    private final Map<Type, MessageLite> defaults = new HashMap<>();

    private ProtobufCodec() {}

    /** A codec of these messages' types: all that calls send or answer. */
    public static ProtobufCodec of(MessageLite... defaults) {
        ProtobufCodec codec = new ProtobufCodec();
        for (MessageLite message : defaults) {
            codec.defaults.put(message.getClass(), message.getDefaultInstanceForType());
        }
        return codec;
    }

    @Override
    public String contentType() {
        return "application/proto";
    }

    @Override
    public boolean handles(Type type) {
        return defaults.containsKey(type);
    }

    @Override
    public byte[] encode(@Nullable Object message) {
        return message == null ? new byte[0] : ((MessageLite) message).toByteArray();
    }

    @Override
    public Object decode(byte[] bytes, Type type) throws IOException {
        MessageLite message = defaults.get(type);
        if (message == null) {
            throw new IllegalArgumentException("type: " + type + " (expected: one given to the codec)");
        }
        try {
            return message.getParserForType().parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException("protobuf: " + e.getMessage() + " (expected: " + type + ")", e);
        }
    }
}
