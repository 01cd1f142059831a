package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;

/**
 * Names a message and says where it lies: {@code payments.17.100000000042}, or {@code news.4.*} for one to everyone.
 *
 * @param user empty for everyone
 */
public record MessageId(String topic, long sequence, String user) {
    private static final String EVERYONE = "*";

    @Override
    public String toString() {
        return topic + '.' + sequence + '.' + (user.isEmpty() ? EVERYONE : user);
    }

    public static MessageId parse(String text) throws ProtocolException {
        int first = text.indexOf('.');
        int second = text.indexOf('.', first + 1);
        if (first <= 0 || second < 0 || second == text.length() - 1) {
            throw unlike(text);
        }
        try {
            long sequence = Long.parseLong(text, first + 1, second, 10);
            String user = text.substring(second + 1);
            if (sequence < 1) {
                throw unlike(text);
            }
            return new MessageId(text.substring(0, first), sequence, user.equals(EVERYONE) ? "" : user);
        } catch (NumberFormatException e) {
            throw unlike(text);
        }
    }

    private static ProtocolException unlike(String text) {
        return new ProtocolException(
                Reason.UNKNOWN_MESSAGE, "message: " + text + " (expected: topic.number.user, such as payments.17.42)");
    }
}
