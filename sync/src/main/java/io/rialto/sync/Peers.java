package io.rialto.sync;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Other servers of the platform, reached by calls of the platform's own operations. */
public interface Peers {
    /** The nodes of this cell but this one. */
    List<String> nodes();

    /**
     * Calls an operation of one node of this cell, protobuf or JSON as the operation says. Fails with a
     * {@link io.rialto.protocol.ProtocolException}. From any thread.
     */
    CompletionStage<byte[]> toNode(String node, String operation, byte[] body, Duration timeout);

    /** The same of any node of another cell. */
    CompletionStage<byte[]> toCell(String cell, String operation, byte[] body, Duration timeout);
}
