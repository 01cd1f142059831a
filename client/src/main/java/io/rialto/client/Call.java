package io.rialto.client;

import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.net.URI;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One call on its way through the steps. Immutable: each step passes a changed copy on. */
public final class Call {
    private final OperationName operation;
    private final boolean repeatable;
    private final Protection protection;
    private Form form = Form.MESSAGE;
    private Map<String, String> headers;
    private byte[] body;
    private long deadlineNanos;
    private @Nullable URI gateway;
    private @Nullable LiveSession session;

    private Call(OperationName operation, byte[] body, boolean repeatable, Protection protection) {
        this.operation = operation;
        this.body = body;
        this.repeatable = repeatable;
        this.protection = protection;
        this.headers = Collections.emptyMap();
    }

    private Call(Call from) {
        this.operation = from.operation;
        this.repeatable = from.repeatable;
        this.protection = from.protection;
        this.form = from.form;
        this.headers = from.headers;
        this.body = from.body;
        this.deadlineNanos = from.deadlineNanos;
        this.gateway = from.gateway;
        this.session = from.session;
    }

    /**
     * A new call.
     *
     * @param headers as they travel inside a seal, content type included
     * @param repeatable whether it may be sent again when it may have been done
     */
    static Call of(
            OperationName operation,
            Map<String, String> headers,
            byte[] body,
            boolean repeatable,
            Protection protection,
            long deadlineNanos) {
        Call call = new Call(operation, body, repeatable, protection);
        call.headers = headers;
        call.deadlineNanos = deadlineNanos;
        return call;
    }

    /** What a call opens. */
    enum Form {
        /** One message, and one as the answer. */
        MESSAGE,
        /** A stream in gRPC's framing, whose first message is the body. */
        STREAM,
        /** The same without that framing, by WebSocket. */
        WEB_SOCKET
    }

    /** A copy of another form. */
    Call as(Form other) {
        Call copy = new Call(this);
        copy.form = other;
        return copy;
    }

    Form form() {
        return form;
    }

    public OperationName operation() {
        return operation;
    }

    /** The HTTP method. */
    public String method() {
        return "POST";
    }

    public String path() {
        return operation.path();
    }

    /** The message's bytes, or after the seal step those of the sealed one. The array is not a copy. */
    public byte[] body() {
        return body;
    }

    /** A header by its lower-case name. */
    public @Nullable String header(String name) {
        return headers.get(name);
    }

    public Map<String, String> headers() {
        return Collections.unmodifiableMap(headers);
    }

    public Protection protection() {
        return protection;
    }

    /** Whether it may be sent again when a try of it may have been done. */
    public boolean repeatable() {
        return repeatable;
    }

    /** When it ends, by {@link Clock#nanos()}. */
    public long deadlineNanos() {
        return deadlineNanos;
    }

    /** Where it is sent; null before the cell step. */
    public @Nullable URI gateway() {
        return gateway;
    }

    /** A copy with a header set; a sealed call's headers reach a backend only if the protocol lists them. */
    public Call withHeader(String lowerCaseName, String value) {
        Call copy = new Call(this);
        copy.headers = new TreeMap<>(headers);
        copy.headers.put(lowerCaseName, value);
        return copy;
    }

    Call withHeaders(Map<String, String> all) {
        Call copy = new Call(this);
        copy.headers = all;
        return copy;
    }

    Call withBody(byte[] bytes) {
        Call copy = new Call(this);
        copy.body = bytes;
        return copy;
    }

    Call withDeadline(long nanos) {
        Call copy = new Call(this);
        copy.deadlineNanos = nanos;
        return copy;
    }

    Call withGateway(URI uri) {
        Call copy = new Call(this);
        copy.gateway = uri;
        return copy;
    }

    Call withSession(LiveSession live) {
        Call copy = new Call(this);
        copy.session = live;
        return copy;
    }

    URI requireGateway() {
        if (gateway == null) {
            throw new IllegalStateException("call has no gateway (expected: the cell step before this one)");
        }
        return gateway;
    }

    LiveSession requireSession() {
        if (session == null) {
            throw new IllegalStateException("call has no session (expected: the session step before this one)");
        }
        return session;
    }

    /** Operation and idempotency key; never headers or body. */
    @Override
    public String toString() {
        String key = headers.get(HeaderNames.IDEMPOTENCY_KEY);
        return operation + (key == null ? "" : " key " + key);
    }
}
