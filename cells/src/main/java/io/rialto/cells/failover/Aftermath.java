package io.rialto.cells.failover;

import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done after a remote copy took over, a bit at each look, by the unit's keeper alone: the new primary lets backends
 * write; it gets standbys of its own; the lost city's data is read when an operator has brought it back; and only then the
 * server of its former primary becomes the remote copy.
 */
final class Aftermath {
    private static final Logger LOG = LoggerFactory.getLogger(Aftermath.class);
    /** Of a file that a person reads, or a program of theirs; the users of all rows are found whatever it holds. */
    private static final int MAX_ROWS = 10_000_000;

    private final Ledger ledger;
    private final PostgresGroup group;
    private final Tending tending;

    /** Has a server follow the primary, by a fresh copy where it needs one; says whether it does. */
    interface Tending {
        boolean tend(UnitServers unit, String name) throws InterruptedException;
    }

    Aftermath(Ledger ledger, PostgresGroup group, Tending tending) {
        this.ledger = ledger;
        this.group = group;
        this.tending = tending;
    }

    /** Lets backends write, where they may not. @return what hinders it; empty where nothing does */
    String open(UnitServers unit) throws InterruptedException {
        if (unit.lost().isEmpty() || unit.phase() != UnitServers.Phase.OPEN) {
            return "";
        }
        try {
            server(unit.primary()).letWrite();
            return "";
        } catch (SQLException e) {
            return unit.primary() + " lets nobody write yet: " + e.getMessage();
        }
    }

    /** The next bit. @return what hinders it; empty where nothing does */
    String goOn(UnitServers unit) throws IOException, InterruptedException {
        Optional<Lost> lost = unit.lost();
        if (lost.isEmpty()) {
            return "";
        }
        try {
            if (!server(unit.primary()).isWritable()) {
                server(unit.primary()).letWrite();
            }
            if (lost.get().state() == Lost.State.WANTED) {
                ledger.replace(unit, unit.withLost(read(unit, lost.get())));
                return "";
            }
            if (unit.remote().isEmpty() && lost.get().state() != Lost.State.UNREAD) {
                String copy = lost.get().primary();
                group.remote(copy);
                if (ledger.replace(unit, unit.withRemote(copy))) {
                    LOG.info("unit {}: {} is to be its remote copy", unit.unit(), copy);
                }
                return "";
            }
            return standbys(unit);
        } catch (SQLException e) {
            return unit.primary() + " does not answer: " + e.getMessage();
        }
    }

    /**
     * They are copied and follow first; then the primary is started again as one that waits for them, and only then control
     * counts on them.
     */
    private String standbys(UnitServers unit) throws SQLException, IOException, InterruptedException {
        if (unit.servers().size() > 1) {
            return "";
        }
        List<String> missing = group.missing();
        if (!missing.isEmpty()) {
            group.joining(missing);
            int following = 0;
            for (String name : missing) {
                following += tending.tend(unit, name) ? 1 : 0;
            }
            if (following < missing.size()) {
                return "";
            }
            group.joined();
        }
        if (group.members().size() > 1) {
            if (!server(unit.primary()).waitsForStandbys()) {
                group.restart(unit.primary());
            }
            ledger.replace(unit, unit.withStandbys(group.members(), group.quorum()));
            LOG.info("unit {}: {} has standbys again: {}", unit.unit(), unit.primary(), group.members());
        }
        return "";
    }

    private Lost read(UnitServers unit, Lost lost) throws InterruptedException {
        List<String> there = lost.servers().stream().filter(group::hasData).toList();
        if (there.isEmpty()) {
            return lost.as(
                    Lost.State.UNREAD,
                    "none of " + lost.servers() + " has a data directory here (expected: that of " + lost.primary()
                            + " in " + group.folder(lost.primary()) + ")");
        }
        // The primary had all that was acknowledged. Of its standbys each had only a part of it for sure.
        List<String> reading = there.contains(lost.primary()) ? List.of(lost.primary()) : there;
        List<String> notes = new ArrayList<>();
        List<String> files = new ArrayList<>();
        for (String name : reading) {
            try {
                Path file = file(lost, name);
                notes.add(read(unit, lost, name, file));
                files.add(file.toString());
            } catch (SQLException | IOException | RefusedException e) {
                return lost.as(Lost.State.UNREAD, name + " cannot be read: " + e.getMessage());
            }
        }
        return lost.read(String.join("; ", notes), files);
    }

    private Path file(Lost lost, String name) {
        return group.folder(name).resolve("tail-before-generation-" + lost.generation() + ".jsonl");
    }

    /** As a standby that follows nobody: it shows all that it has, and can never be a primary again by itself. */
    private String read(UnitServers unit, Lost lost, String name, Path file)
            throws SQLException, IOException, RefusedException, InterruptedException {
        String promised = Long.toString(unit.generation());
        group.restartAsStandby(name, Map.of(UnitServer.PROMISED, promised, "primary_conninfo", ""));
        try (Connection primary = connect(unit.primary())) {
            server(name).promise(unit.generation());
            String seen = server(unit.primary()).snapshotOf(lost.generation());
            Behind behind = new Behind(primary, "found in the data of " + name, lost.generation());
            int rows = Tail.write(group.address(name).orElseThrow(), seen, file, MAX_ROWS, behind::add);
            LOG.warn(
                    "unit {}: {} had {} rows that {} lacks; they are in {}",
                    unit.unit(),
                    name,
                    rows,
                    unit.primary(),
                    file);
            return name + " had " + rows + (rows == MAX_ROWS ? " rows, or more," : " rows") + " that " + unit.primary()
                    + " lacks";
        } finally {
            group.kill(name);
        }
    }

    /** Notes users as behind, unless their data was put right already. */
    private record Behind(Connection primary, String marker, long generation) {
        void add(List<String> users) throws SQLException {
            try (PreparedStatement insert = primary.prepareStatement("INSERT INTO rialto.behind (uid, marker)"
                    + " SELECT u.uid, ? FROM unnest(?) u(uid) WHERE NOT EXISTS (SELECT FROM rialto.released r"
                    + " WHERE r.uid = u.uid AND r.generation >= ?) ON CONFLICT DO NOTHING")) {
                insert.setString(1, marker);
                insert.setArray(2, primary.createArrayOf("text", users.toArray()));
                insert.setLong(3, generation);
                insert.executeUpdate();
            }
        }
    }

    private Connection connect(String name) throws SQLException {
        DatabaseAddress address = address(name);
        return DriverManager.getConnection(address.url(), address.user(), address.password());
    }

    private UnitServer server(String name) throws SQLException {
        return new UnitServer(name, address(name));
    }

    private DatabaseAddress address(String name) throws SQLException {
        return group.address(name).orElseThrow(() -> new SQLException(name + ": does not run"));
    }
}
