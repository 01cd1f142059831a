package io.rialto.cells.move;

/** A move that does not go on; says what stands in its way and what to do. What was done so far is safe. */
public final class MoveException extends Exception {
    private static final long serialVersionUID = 1;

    MoveException(String message) {
        super(message);
    }
}
