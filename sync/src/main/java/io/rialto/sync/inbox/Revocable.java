package io.rialto.sync.inbox;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.MessageId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;

/** Whether there is a message to take back. */
final class Revocable {
    private static final String SQL = "SELECT revokes FROM inbox.message WHERE uid = ? AND topic = ? AND sequence = ?";

    private Revocable() {}

    static void check(Tables tables, MessageId message) throws ProtocolException {
        long revokes = tables.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(SQL)) {
                statement.setString(1, message.user());
                statement.setString(2, message.topic());
                statement.setLong(3, message.sequence());
                try (ResultSet rows = statement.executeQuery()) {
                    return rows.next() ? rows.getLong(1) : -1;
                }
            }
        });
        if (revokes < 0) {
            throw new ProtocolException(Reason.UNKNOWN_MESSAGE, message + ": is not kept here (expected: one that is)");
        }
        if (revokes > 0) {
            throw new ProtocolException(
                    Reason.UNKNOWN_MESSAGE, message + ": takes back " + revokes + " (expected: an ordinary message)");
        }
    }
}
