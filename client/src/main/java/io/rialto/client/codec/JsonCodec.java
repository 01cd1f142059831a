package io.rialto.client.codec;

import com.google.gson.Gson;
import com.google.gson.JsonIOException;
import com.google.gson.JsonParseException;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON by Gson. Unknown fields are ignored, and a {@link java.math.BigDecimal} keeps every digit. */
public final class JsonCodec implements Codec {
    private static final Type OBJECT = new TypeToken<Map<String, Object>>() {}.getType();
    private static final JsonCodec PLAIN = new JsonCodec(new Gson());

    private final Gson gson;

    public JsonCodec() {
        this(new Gson());
    }

    /** JSON as a configured Gson writes and reads it. */
    public JsonCodec(Gson gson) {
        this.gson = gson;
    }

    /**
     * A JSON object as a map; numbers are doubles.
     *
     * @throws IOException where the bytes are no JSON object
     */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> object(byte[] bytes) throws IOException {
        return (Map<String, Object>) PLAIN.decode(bytes, OBJECT);
    }

    @Override
    public String contentType() {
        return "application/json";
    }

    @Override
    public boolean handles(Type type) {
        return true;
    }

    @Override
    public byte[] encode(@Nullable Object message) {
        return (message == null ? "{}" : gson.toJson(message)).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Object decode(byte[] bytes, Type type) throws IOException {
        try {
            Object message = gson.fromJson(new String(bytes, StandardCharsets.UTF_8), type);
            if (message == null) {
                throw new IOException("JSON: null or nothing (expected: " + type + ")");
            }
            return message;
        } catch (JsonIOException e) {
            throw new IOException(e);
        } catch (JsonParseException | NumberFormatException | StackOverflowError e) {
            throw new IOException("JSON: " + e.getMessage() + " (expected: " + type + ")", e);
        }
    }
}
