package io.rialto.cells.move;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A table whose rows move with their shard.
 *
 * @param name with its schema, quoted
 * @param columns that are stored, quoted, in the order of their names
 */
record Carried(String name, List<String> columns) {
    /** Rows that one statement deletes, so that a purge holds no lock for long and can be slowed. */
    static final int PURGE_ROWS = 5_000;

    /** Numbers that a sequence is ahead of the other cell's; a move may use up twice as many of them. */
    private static final long SEQUENCE_MARGIN = 10_000;

    /** How many rows a shard has in a table, and the sum of their hashes, which does not depend on their order. */
    record Sum(long rows, String hash) {}

    Carried {
        columns = List.copyOf(columns);
    }

    /**
     * All of a database.
     *
     * @throws MoveException where one cannot be moved without loss
     */
    static List<Carried> of(Connection connection, String cell) throws SQLException, MoveException {
        List<String> unfit = Sql.list(
                connection,
                row -> row.getString(1),
                "SELECT format('%I.%I', schema, \"table\") FROM rialto.carried WHERE NOT identified AND NOT global"
                        + " ORDER BY 1");
        if (!unfit.isEmpty()) {
            throw new MoveException("tables " + unfit + " of cell " + cell + ": their primary key does not have the"
                    + " column shard, so that updates of their rows could not be told from those of other shards"
                    + " (expected: a primary key with it, or a check that shard = -1)");
        }
        return Sql.list(
                connection,
                row -> new Carried(
                        row.getString(1), List.of((String[]) row.getArray(2).getArray())),
                "SELECT format('%I.%I', c.schema, c.\"table\"), array_agg(quote_ident(a.attname) ORDER BY a.attname)"
                        + " FROM rialto.carried c JOIN pg_attribute a ON a.attrelid = c.name"
                        + " WHERE NOT c.global AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
                        + " GROUP BY 1 ORDER BY 1");
    }

    String columnList() {
        return String.join(", ", columns);
    }

    /** The rows of a shard. */
    String rows(int shard) {
        return "SELECT " + columnList() + " FROM " + name + " WHERE shard = " + shard;
    }

    Sum sum(Connection connection, int shard) throws SQLException {
        return Sql.list(
                        connection,
                        row -> new Sum(row.getLong(1), row.getString(2)),
                        "SELECT count(*), coalesce(sum(hashtextextended(ROW(" + columnList()
                                + ")::text, 0)), 0)::text FROM " + name + " WHERE shard = ?",
                        shard)
                .getFirst();
    }

    static Map<String, Sum> sums(Connection connection, List<Carried> tables, int shard) throws SQLException {
        Map<String, Sum> sums = new TreeMap<>();
        for (Carried table : tables) {
            sums.put(table.name(), table.sum(connection, shard));
        }
        return sums;
    }

    /** Tables whose sums differ, with both. */
    static String differences(Map<String, Sum> source, Map<String, Sum> target) {
        return source.entrySet().stream()
                .filter(one -> !one.getValue().equals(target.get(one.getKey())))
                .map(one -> one.getKey() + " (" + one.getValue() + " and " + target.get(one.getKey()) + ")")
                .collect(Collectors.joining(", "));
    }

    /**
     * Raises the sequences of identity columns in the target above those of the source. Numbers are left out generously,
     * so that others who draw from the sequence at this moment do not come in between.
     */
    static void raiseSequences(Connection source, Connection target) throws SQLException {
        String all = "SELECT format('%I.%I', s.schemaname, s.sequencename), s.last_value FROM pg_sequences s"
                + " JOIN pg_class q ON q.oid = format('%I.%I', s.schemaname, s.sequencename)::regclass"
                + " JOIN pg_depend d ON d.objid = q.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')"
                + " JOIN rialto.carried c ON c.name::oid = d.refobjid WHERE s.last_value IS NOT NULL";
        Map<String, Long> here = sequences(source, all);
        Map<String, Long> there = sequences(target, all);
        for (Map.Entry<String, Long> one : here.entrySet()) {
            if (there.getOrDefault(one.getKey(), 0L) < one.getValue() + SEQUENCE_MARGIN) {
                Sql.list(
                        target,
                        row -> row.getLong(1),
                        "SELECT setval(?::regclass, ?)",
                        one.getKey(),
                        one.getValue() + 2 * SEQUENCE_MARGIN);
            }
        }
    }

    private static Map<String, Long> sequences(Connection connection, String sql) throws SQLException {
        Map<String, Long> sequences = new TreeMap<>();
        Sql.list(connection, row -> sequences.put(row.getString(1), row.getLong(2)), sql);
        return sequences;
    }
}
