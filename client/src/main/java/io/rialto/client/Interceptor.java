package io.rialto.client;

/** One step of every call: looks at the call, passes it on, looks at the answer. Used by many threads. */
public interface Interceptor {
    /**
     * Takes part in a call. A refusal or a failed connection is an answer with {@link Answer#failure()}, not an
     * exception.
     */
    Answer intercept(Call call, Next next);

    /** The steps after this one. */
    interface Next {
        /** Runs them; a step that calls this twice sends twice. */
        Answer proceed(Call call);
    }
}
