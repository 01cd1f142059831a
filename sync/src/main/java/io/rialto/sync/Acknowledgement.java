package io.rialto.sync;

import io.rialto.protocol.sync.SyncKey;

/** A device of a user has applied all up to a key. */
public record Acknowledgement(int shard, String user, String device, SyncKey upTo) {}
