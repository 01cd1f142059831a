package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import java.util.Objects;

/** The last frame of a stream: why it ends, and when to come again. */
public final class Bye {
    private static final int MAX_TEXT = 512;
    private static final int MAX_PAUSE = 86_400_000;

    private final String reason;
    private final String text;
    private final int retryAfterMillis;
    private final String cell;

    /**
     * With all that it says.
     *
     * @param reason as in {@code rialto-reason}
     * @param text for people
     * @param retryAfterMillis 0 where it does not matter
     * @param cell as in {@code rialto-cell}, or empty
     */
    public Bye(String reason, String text, int retryAfterMillis, String cell) {
        this.reason = Objects.requireNonNull(reason, "reason");
        this.text = Objects.requireNonNull(text, "text");
        this.retryAfterMillis = retryAfterMillis;
        this.cell = Objects.requireNonNull(cell, "cell");
    }

    public String reason() {
        return reason;
    }

    public String text() {
        return text;
    }

    public int retryAfterMillis() {
        return retryAfterMillis;
    }

    public String cell() {
        return cell;
    }

    byte[] encode() {
        return new ProtoWriter(64)
                .text(1, reason)
                .text(2, text)
                .number(3, retryAfterMillis)
                .text(4, cell)
                .toBytes();
    }

    static Bye decode(ProtoReader in) throws ProtocolException {
        String reason = "";
        String text = "";
        int retryAfterMillis = 0;
        String cell = "";
        while (in.next()) {
            switch (in.field()) {
                case 1:
                    reason = in.text(MAX_TEXT);
                    break;
                case 2:
                    text = in.text(MAX_TEXT);
                    break;
                case 3:
                    retryAfterMillis = (int) in.number(MAX_PAUSE);
                    break;
                case 4:
                    cell = in.text(MAX_TEXT);
                    break;
                default:
                    in.skip();
            }
        }
        return new Bye(reason, text, retryAfterMillis, cell);
    }
}
