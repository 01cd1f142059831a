package io.rialto.benchmark;

import io.rialto.protocol.SignedMessage;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request as a signature sees it; nothing here covers scheme or authority. */
record PlainMessage(String path, Map<String, String> headers) implements SignedMessage {
    @Override
    public String method() {
        return "POST";
    }

    @Override
    public String scheme() {
        return "";
    }

    @Override
    public String authority() {
        return "";
    }

    @Override
    public @Nullable String query() {
        return null;
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
