package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Reason;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a call to a backend ended. */
public sealed interface Outcome {
    /**
     * The backend answered. From gRPC, {@code status} is the HTTP status of the gRPC code, and {@code grpc-status} and
     * {@code grpc-message} are among the headers.
     *
     * @param body owned by the receiver
     */
    record Answered(int status, HeaderList headers, ByteBuf body) implements Outcome {}

    /**
     * No answer to pass on.
     *
     * @param dispatched whether a backend may have seen the call
     */
    record Failed(
            Reason reason,
            String message,
            boolean dispatched,
            @Nullable Duration retryAfter) implements Outcome {}
}
