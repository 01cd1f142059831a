package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ByteText;
import io.rialto.protocol.SignedMessage;
import org.jspecify.annotations.Nullable;

/** A request as signatures see it, with what one covers of its fields. */
record CallFields(Exchange x, CoveredFields.Values covered) implements SignedMessage {
    /** All values of a field joined, or null where it is absent. */
    static @Nullable AsciiString combined(HeaderList headers, AsciiString name) {
        int first = headers.indexOf(name, 0);
        if (first < 0) {
            return null;
        }
        int second = headers.indexOf(name, first + 1);
        if (second < 0) {
            return headers.value(first);
        }
        StringBuilder all = new StringBuilder(headers.value(first));
        while (second >= 0) {
            all.append(", ").append(headers.value(second));
            second = headers.indexOf(name, second + 1);
        }
        return AsciiString.of(all);
    }

    /** A value as the protocol takes it without a string. */
    static ByteText text(AsciiString value) {
        return ByteText.of(value.array(), value.arrayOffset(), value.length());
    }

    @Override
    public CharSequence method() {
        return text(x.call.method());
    }

    @Override
    public String scheme() {
        return "https";
    }

    @Override
    public String authority() {
        AsciiString host = x.call.headers().get(Names.HOST);
        return host == null ? "" : host.toString();
    }

    @Override
    public CharSequence path() {
        return x.call.path();
    }

    @Override
    public @Nullable CharSequence query() {
        return x.call.query();
    }

    @Override
    public int status() {
        return 0;
    }

    @Override
    public @Nullable CharSequence header(String name) {
        return covered.get(name);
    }

    @Override
    public @Nullable CharSequence header(int place, String name) {
        return covered.get(place, name);
    }
}
