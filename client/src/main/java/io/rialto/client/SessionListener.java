package io.rialto.client;

/** Is told of the user's session. Runs on the thread of the call that found out; must return soon. */
public interface SessionListener {
    /** A login's answer bound this device to its user; later calls are made as that user. */
    void loggedIn();

    /**
     * The platform no longer accepts the user's session or this device: the app asks the user to log in again.
     *
     * @param reason {@code expired_session}, {@code wrong_session} or {@code revoked_device}
     */
    void ended(String reason);

    /** Listens to nothing. */
    static SessionListener none() {
        return new SessionListener() {
            @Override
            public void loggedIn() {}

            @Override
            public void ended(String reason) {}
        };
    }
}
