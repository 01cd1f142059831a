package io.rialto.starter;

/**
 * The answer of a login: binds the calling device to a user. Only an operation that the gateway's configuration marks
 * as a login may return it.
 *
 * @param answer the message for the phone
 * @param user the user whose identity was just shown
 */
public record Bound<T>(T answer, String user) {}
