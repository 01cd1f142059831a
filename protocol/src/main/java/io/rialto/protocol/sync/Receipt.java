package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.Objects;

/** What the person did with a message, told by the device. */
public final class Receipt {
    private final String message;
    private final Step step;
    private final long atMillis;

    /**
     * A receipt.
     *
     * @param step SHOWN or OPENED
     */
    public Receipt(String message, Step step, long atMillis) {
        this.message = Objects.requireNonNull(message, "message");
        this.step = Objects.requireNonNull(step, "step");
        this.atMillis = atMillis;
    }

    /** Id of the message. */
    public String message() {
        return message;
    }

    public Step step() {
        return step;
    }

    public long atMillis() {
        return atMillis;
    }

    byte[] encode() {
        return new ProtoWriter(message.length() + 16)
                .text(1, message)
                .number(2, step.number())
                .number(3, atMillis)
                .toBytes();
    }

    static Receipt decode(ProtoReader in) throws ProtocolException {
        String message = "";
        Step step = Step.UNKNOWN;
        long atMillis = 0;
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    message = in.text(SyncMessage.MAX_ID);
                    break;
                case 2:
                    step = Step.of(in.number());
                    break;
                case 3:
                    atMillis = in.number();
                    break;
                default:
                    in.skip();
            }
        }
        return new Receipt(message, step, atMillis);
    }
}
