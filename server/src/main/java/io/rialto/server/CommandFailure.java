package io.rialto.server;

/** Ends a command with a message for the person who typed it; no stack trace, exit code 1. */
final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    CommandFailure(String message) {
        super(message, null, false, false);
    }
}
