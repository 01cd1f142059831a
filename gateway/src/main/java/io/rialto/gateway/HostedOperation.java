package io.rialto.gateway;

import io.rialto.protocol.OperationName;
import java.util.concurrent.CompletionStage;

/**
 * An operation that the node itself serves, for another room of the process. Framing, seals, compression and limits are as
 * for any operation.
 *
 * @param path {@code /service/method}
 * @param maxBodyBytes of a call's message, after decompression
 */
public record HostedOperation(String path, Audience audience, int maxBodyBytes, Handler handler) {
    public HostedOperation {
        OperationName.of(path.substring(1));
        if (maxBodyBytes < 0) {
            throw new IllegalArgumentException(path + ": max body " + maxBodyBytes + " (expected: 0 or more)");
        }
    }

    /** Who may call it. */
    public enum Audience {
        /** Enrolled devices, wherever their users live; and other servers. */
        DEVICES,
        /** Whoever acts for a user, in the user's cell: other cells' edges forward once. */
        USERS,
        /** Other servers of the platform, on the internal listener. For all others it is not there. */
        SERVERS
    }

    /** Serves it. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Answers, later if need be; called on the call's event loop and must not block.
         *
         * @return the answer's message in the call's codec; or fails, with a {@link io.rialto.protocol.ProtocolException} to
         *     refuse the call by its reason
         */
        CompletionStage<byte[]> answer(HostedCall call);
    }
}
