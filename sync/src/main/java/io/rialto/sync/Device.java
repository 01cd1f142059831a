package io.rialto.sync;

/**
 * A device whose stream or call this is, as the gateway has authenticated it.
 *
 * @param user the user who is logged in on it
 * @param shard of the user
 * @param epoch of the shard
 */
public record Device(String app, String id, String user, int shard, long epoch, String locale) {}
