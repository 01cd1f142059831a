package io.rialto.gateway.upstream;

/** One event loop's connections to one backend. */
sealed interface Pool permits Http1Pool, Http2Pool {
    /** How many attempts may wait for a connection: more than that is overload, and waiting only adds to it. */
    int MAX_WAITING = 1_024;

    /** Sends the attempt on a connection, now or when one is free; fails it otherwise. */
    void send(Attempt attempt);

    /** Takes a waiting attempt out. */
    void forget(Attempt attempt);

    /** Closes connections as they become unused, from now on. */
    void retire();
}
