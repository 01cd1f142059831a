package io.rialto.client;

/** Whether a failed call's operation may have been done. */
public enum Dispatched {
    /** The call did not reach the backend: nothing was done. */
    NO,

    /** No answer of the backend arrived: it may have been done, or not. */
    UNKNOWN,

    /** The backend answered, and this failure is its answer. */
    YES
}
