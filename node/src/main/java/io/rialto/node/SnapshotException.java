package io.rialto.node;

/** Bytes that are no snapshot, or one that is not signed by a key that the node trusts. */
public final class SnapshotException extends Exception {
    private static final long serialVersionUID = 1;

    public SnapshotException(String message) {
        super(message);
    }
}
