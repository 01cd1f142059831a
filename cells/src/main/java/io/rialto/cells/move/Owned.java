package io.rialto.cells.move;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * A table of which a backend has declared whose its rows are.
 *
 * @param name with its schema, quoted
 * @param userColumn quoted
 */
record Owned(String name, String userColumn) {
    /**
     * All of a database.
     *
     * @throws MoveException where the rows of one user cannot be told from those of others, or hang together with them
     */
    static List<Owned> of(Connection connection) throws SQLException, MoveException {
        String carried = " FROM rialto.carried c LEFT JOIN rialto.owned o ON o.schema = c.schema AND o.\"table\" ="
                + " c.\"table\" WHERE NOT c.global AND NOT c.own ";
        List<String> unknown = Sql.list(
                connection,
                row -> row.getString(1),
                "SELECT format('%I.%I', c.schema, c.\"table\")" + carried + "AND o.user_column IS NULL ORDER BY 1");
        if (!unknown.isEmpty()) {
            throw new MoveException("tables " + unknown + ": nobody has said whose their rows are (expected: SELECT"
                    + " rialto.owned_by_user('schema.table', 'user column') in a migration of the backend)");
        }
        List<String> references = Sql.list(
                connection,
                row -> row.getString(1),
                "SELECT format('%I.%I: %s', c.schema, c.\"table\", k.conname) FROM pg_constraint k"
                        + " JOIN rialto.carried c ON c.name = k.conrelid"
                        + " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'shard'"
                        + " WHERE k.contype = 'f' AND a.attnum = ANY (k.conkey) ORDER BY 1");
        if (!references.isEmpty()) {
            throw new MoveException("foreign keys " + references + ": have the column shard, so that rows of one user"
                    + " may refer to those of another (expected: none with it)");
        }
        return Sql.list(
                connection,
                row -> new Owned(row.getString(1), row.getString(2)),
                "SELECT format('%I.%I', c.schema, c.\"table\"), quote_ident(o.user_column)" + carried + "ORDER BY 1");
    }

    /** The user's rows get the number of the own shard; what an earlier own shard has left there goes. */
    void leave(Connection connection, Split split) throws SQLException {
        Sql.update(connection, "DELETE FROM " + name + " WHERE shard = ?", split.shard());
        Sql.update(
                connection,
                "UPDATE " + name + " SET shard = ? WHERE shard = ? AND " + userColumn + " = ?",
                split.shard(),
                split.common(),
                split.user());
    }

    /** All of the own shard gets the number of the common one. */
    void comeBack(Connection connection, Split split) throws SQLException {
        Sql.update(connection, "UPDATE " + name + " SET shard = ? WHERE shard = ?", split.common(), split.shard());
    }
}
