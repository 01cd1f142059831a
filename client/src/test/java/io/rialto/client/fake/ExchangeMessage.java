package io.rialto.client.fake;

import com.sun.net.httpserver.HttpExchange;
import io.rialto.protocol.SignedMessage;
import org.jspecify.annotations.Nullable;

/** What of a request a signature covers. */
final class ExchangeMessage implements SignedMessage {
    private final HttpExchange exchange;

    ExchangeMessage(HttpExchange exchange) {
        this.exchange = exchange;
    }

    @Override
    public CharSequence method() {
        return exchange.getRequestMethod();
    }

    @Override
    public String scheme() {
        return "http";
    }

    @Override
    public String authority() {
        String host = FakeGateway.header(exchange, "host");
        return host == null ? "" : host;
    }

    @Override
    public CharSequence path() {
        return exchange.getRequestURI().getRawPath();
    }

    @Override
    public @Nullable CharSequence query() {
        return exchange.getRequestURI().getRawQuery();
    }

    @Override
    public int status() {
        return 0;
    }

    @Override
    public @Nullable CharSequence header(String name) {
        return FakeGateway.header(exchange, name);
    }
}
