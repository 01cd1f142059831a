package io.rialto.gateway.transport;

import java.util.Locale;

/** How a stream of a phone ended; one counter each. */
public enum StreamEnd {
    /** The phone ended or reset it, or its connection is gone. */
    PHONE,
    /** Its handler ended it. */
    HANDLER,
    /** The phone took too little of what waits for it. */
    SLOW,
    /** The phone sent no message for too long. */
    SILENT,
    /** What the phone sent is no message, or a message too long. */
    MALFORMED,
    /** The phone sent too many messages. */
    FLOOD;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The name in counters, such as {@code silent}. */
    public String label() {
        return label;
    }
}
