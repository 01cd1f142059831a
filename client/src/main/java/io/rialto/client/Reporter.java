package io.rialto.client;

/**
 * Is told when the SDK works less well than it should and goes on: storage fails, a server key was refused, a hint made
 * no sense. Messages hold no secret. Must return at once and throw nothing.
 */
public interface Reporter {
    void report(String message);

    /** Tells nobody. */
    static Reporter none() {
        return message -> {};
    }
}
