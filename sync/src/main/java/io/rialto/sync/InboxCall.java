package io.rialto.sync;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A call of a server to the inbox, as the gateway has authenticated it.
 *
 * @param app whose server calls; null for one of the platform, or an operator's tool, which may do it for any app
 * @param json whether body and answer are JSON, else protobuf
 * @param timeout within which the caller wants the answer
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record InboxCall(@Nullable String app, boolean json, byte[] body, Duration timeout) {}
