package io.rialto.protocol.sync;

/** Where a message has been. */
public enum Step {
    UNKNOWN(0),
    ACCEPTED(1),
    STORED(2),
    ROUTED(3),
    SENT(4),
    ACKED(5),
    SHOWN(6),
    OPENED(7),
    EXPIRED(8),
    REVOKED(9),
    WOKEN(10);

    private final int number;

    Step(int number) {
        this.number = number;
    }

    /** The step of a number of the wire; UNKNOWN for one of a newer version. */
    public static Step of(long number) {
        for (Step step : values()) {
            if (step.number == number) {
                return step;
            }
        }
        return UNKNOWN;
    }

    /** On the wire. */
    public int number() {
        return number;
    }
}
