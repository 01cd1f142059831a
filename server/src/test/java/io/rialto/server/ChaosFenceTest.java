package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.cells.move.MoveException;
import io.rialto.cells.move.MoveLedger;
import io.rialto.cells.move.MoveWatch;
import io.rialto.cells.move.Mover;
import io.rialto.cells.move.Moves;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.server.ChaosBooks.Message;
import io.rialto.server.ChaosFinding.Kind;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * The short form of the fault test of cells: users pay each other in transactions that stop for 300 ms, while their
 * shard moves between two cells. What the check finds depends on the fence alone.
 */
@Timeout(120)
class ChaosFenceTest {
    private static final int SHARD = 7;
    private static final List<String> CELLS = List.of("east", "west");
    private static final List<String> USERS = List.of("1", "2", "3", "4");
    private static final int WRITERS = 4;
    /** Refused by the fence, and chosen to end a deadlock. */
    private static final Set<String> AGAIN = Set.of("RL001", "40P01");

    private static final long OPENING = 100_000;

    /** It looks as the real one does, and holds nothing to the commit. */
    private static final String BROKEN_FENCE = """
            CREATE OR REPLACE FUNCTION rialto.fence(shard int, epoch bigint) RETURNS void
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            BEGIN
                PERFORM FROM rialto.fence f
                    WHERE f.shard = fence.shard AND f.epoch = fence.epoch AND f.state = 'OPEN';
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'shard % is not open', fence.shard USING ERRCODE = 'RL001';
                END IF;
                PERFORM set_config('rialto.held', coalesce(current_setting('rialto.held', true), '')
                    || ',' || fence.shard || ',', true);
            END $$""";

    @TempDir
    static Path binaries;

    private final SecureRandom random = new SecureRandom();
    private final Map<String, PostgresServer> servers = new LinkedHashMap<>();
    private final Map<String, Database> databases = new LinkedHashMap<>();
    private final List<ChaosEvent> history = Collections.synchronizedList(new ArrayList<>());
    private final Configuration configuration = new Configuration();

    /** Control's, in memory. */
    private static final class Configuration implements MoveLedger {
        private long version = 1;
        private JsonNode table = Topology.standard(0).table();
        private JsonNode moves = MissingNode.getInstance();

        @Override
        public synchronized MoveLedger.Configuration read() {
            return new MoveLedger.Configuration(version, table, moves);
        }

        @Override
        public synchronized boolean put(Map<String, JsonNode> sections, long before, String author) {
            if (before != version) {
                return false;
            }
            version++;
            table = sections.getOrDefault(RoutingTable.SECTION, table);
            moves = sections.getOrDefault(Moves.SECTION, moves);
            return true;
        }
    }

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        RoutingTable table = RoutingTable.parse(configuration.read().table());
        for (String cell : CELLS) {
            PostgresServer server =
                    PostgresServer.start(binaries, folder.resolve(cell), PostgresServer.Options.standard(), random);
            servers.put(cell, server);
            Database database = Database.open(server.database("rialto"), cell, 16, Duration.ofSeconds(10));
            databases.put(cell, database);
            Map<String, Path> passwords = Map.of(
                    "wallet", folder.resolve("wallet.password"), PostgresInbox.ROLE, folder.resolve("inbox.password"));
            PreparedCell.prepare(database, table, cell, passwords, random);
            run(cell, "SET search_path = wallet; " + walletSchema() + "; RESET search_path");
        }
        for (String user : USERS) {
            open(user);
        }
        transactions().prepare();
    }

    @AfterEach
    void stop() throws IOException {
        databases.values().forEach(Database::close);
        for (PostgresServer server : servers.values()) {
            server.close();
        }
    }

    private ChaosTransactions transactions() {
        return new ChaosTransactions(List.copyOf(databases.values()));
    }

    private static String walletSchema() throws IOException {
        Path folder = Path.of("../wallet/src/main/resources/db/wallet");
        StringBuilder all = new StringBuilder();
        try (var files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                all.append(Files.readString(file)).append('\n');
            }
        }
        return all.toString();
    }

    private Database database(String cell) {
        return Objects.requireNonNull(databases.get(cell), cell);
    }

    private void run(String cell, String sql) throws SQLException {
        try (Connection connection = database(cell).dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void open(String user) throws SQLException {
        run("east", """
                INSERT INTO wallet.account (shard, uid, currency, balance, sequence) VALUES (%1$d, '%2$s', 'EUR', %3$d, 1);
                INSERT INTO wallet.entry (shard, uid, sequence, transfer, leg, against, other_uid, amount, balance, note)
                VALUES (%1$d, '%2$s', 1, '%4$s', 'opening', 'granted', '', %3$d, %3$d, '')""".formatted(SHARD, user, OPENING, UUID.randomUUID()));
    }

    /** One transaction as the wallet's, in the cell that the table names; what it said goes into the history. */
    private void pay(int writer, int number) throws SQLException {
        String payer = USERS.get(writer);
        String payee = USERS.get((writer + 1 + number % (USERS.size() - 1)) % USERS.size());
        String key = writer + "-" + number;
        String transfer = UUID.randomUUID().toString();
        history.add(new ChaosEvent.Paying(System.currentTimeMillis(), payer, key, payee, 3));
        while (true) {
            var place = parsed().place(SHARD).orElseThrow();
            try (Connection connection =
                    database(place.cell().id()).dataSource().getConnection()) {
                connection.setAutoCommit(false);
                try {
                    execute(connection, "SELECT rialto.fence(?, ?)", SHARD, place.epoch());
                    boolean first = payer.compareTo(payee) < 0;
                    post(connection, first ? payer : payee, first ? -3 : 3, transfer, key);
                    post(connection, first ? payee : payer, first ? 3 : -3, transfer, key);
                    connection.commit();
                    history.add(new ChaosEvent.Paid(System.currentTimeMillis(), payer, key, transfer, true));
                    return;
                } catch (SQLException e) {
                    connection.rollback();
                    if (!AGAIN.contains(e.getSQLState())) {
                        throw e;
                    }
                } finally {
                    connection.setAutoCommit(true);
                }
            }
        }
    }

    private static void post(Connection connection, String user, long amount, String transfer, String key)
            throws SQLException {
        String leg = amount < 0 ? "debit" : "credit";
        execute(connection, """
                WITH moved AS (UPDATE wallet.account SET balance = balance + ?, sequence = sequence + 1
                    WHERE shard = ? AND uid = ? RETURNING shard, uid, sequence, balance)
                INSERT INTO wallet.entry (shard, uid, sequence, transfer, leg, against, other_uid, amount, balance, note)
                SELECT shard, uid, sequence, ?::uuid, ?, 'transit', '', ?, balance, ? FROM moved""", amount, SHARD, user, transfer, leg, amount, key);
    }

    private static void execute(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            statement.execute();
        }
    }

    private RoutingTable parsed() {
        try {
            return RoutingTable.parse(configuration.read().table());
        } catch (TableException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Pays while the shard moves to the west and back; what the check says. */
    private List<ChaosFinding> findings(boolean broken) throws Exception {
        ChaosFences fences = new ChaosFences(databases);
        CountDownLatch over = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            try {
                all.add(threads.submit(() -> {
                    fences.watch(over);
                    return null;
                }));
                for (int i = 0; i < WRITERS; i++) {
                    int writer = i;
                    all.add(threads.submit(() -> {
                        for (int number = 0; over.getCount() > 0; number++) {
                            pay(writer, number);
                        }
                        return null;
                    }));
                }
                move(broken);
            } finally {
                over.countDown();
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        assertThat(fences.looks()).isPositive();
        assertThat(fences.twice()).isEmpty();
        assertThat(ChaosReport.count(history, ChaosEvent.Paid.class)).isPositive();
        ChaosBooks books = ChaosBooks.read(List.copyOf(databases.values()));
        return ChaosCellsCheck.findings(history, new ChaosBooks(books.accounts(), books.entries(), told(books)), USERS);
    }

    private void move(boolean broken) throws Exception {
        Mover mover = new Mover(databases, configuration, MoveWatch.none(), Mover.Options.standard("test"), random);
        if (!broken) {
            mover.move(SHARD, "west");
            mover.move(SHARD, "east");
            return;
        }
        try {
            mover.move(SHARD, "west");
        } catch (MoveException | SQLException e) {
            // It compares the two copies, and may find it too; or the old copy cannot be deleted, as it is still
            // written to.
            System.out.println("the mover said: " + e.getMessage());
        }
    }

    /** As if each entry had been told; no inbox is part of this. */
    private static List<Message> told(ChaosBooks books) {
        List<Message> messages = new ArrayList<>();
        books.entries().stream()
                .filter(entry -> entry.sequence() > 1)
                .forEach(entry -> messages.add(
                        new Message(entry.user(), entry.sequence() - 1, entry.transfer() + ":" + entry.leg())));
        return messages;
    }

    @Test
    void nothing_is_lost_in_moves_under_writers_that_stop_in_the_middle() throws Exception {
        transactions().pause(30);
        assertThat(findings(false)).isEmpty();
    }

    @Test
    void a_fence_that_is_not_held_to_the_commit_is_found() throws Exception {
        transactions().pause(100);
        for (String cell : CELLS) {
            run(cell, BROKEN_FENCE);
        }
        List<ChaosFinding> findings = findings(true);
        assertThat(findings).extracting(ChaosFinding::kind).contains(Kind.LOST);
        System.out.println("the broken fence lost "
                + findings.stream()
                        .filter(finding -> finding.kind() == Kind.LOST)
                        .count()
                + " of " + ChaosReport.count(history, ChaosEvent.Paid.class) + " acknowledged payments");
    }
}
