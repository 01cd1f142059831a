package io.rialto.node.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.LongConsumer;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;

/** Rows from one database to another, by PostgreSQL's own binary form of them. */
public final class TableCopy {
    private TableCopy() {}

    /**
     * Copies what a query gives into a table, each in the transaction of its connection.
     *
     * @param target a table with its columns in parentheses, in the order of the query's
     * @param every after so many rows, and at the end, {@code copied} is told how many there were since it was told last;
     *     it may take its time, and so slow the copy
     * @return rows
     */
    public static long copy(Connection from, String query, Connection to, String target, int every, LongConsumer copied)
            throws SQLException {
        CopyIn in = to.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY " + target + " FROM STDIN (FORMAT binary)");
        try {
            CopyOut out = from.unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyOut("COPY (" + query + ") TO STDOUT (FORMAT binary)");
            int parts = 0;
            for (byte[] part = out.readFromCopy(); part != null; part = out.readFromCopy()) {
                in.writeToCopy(part, 0, part.length);
                if (++parts == every) {
                    copied.accept(parts);
                    parts = 0;
                }
            }
            long rows = in.endCopy();
            copied.accept(parts);
            return rows;
        } finally {
            if (in.isActive()) {
                in.cancelCopy();
            }
        }
    }
}
