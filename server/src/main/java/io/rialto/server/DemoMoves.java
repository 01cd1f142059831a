package io.rialto.server;

import io.rialto.cells.Cell;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.MoveException;
import io.rialto.cells.move.MoveReport;
import io.rialto.cells.move.MoveWatch;
import io.rialto.cells.move.Mover;
import io.rialto.node.postgres.Database;
import java.io.IOException;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Moves one shard after the other to another regional cell while phones call, by control's API as the commands do. */
final class DemoMoves implements AutoCloseable {
    private final AdminClient control;
    private final Map<String, Database> databases;
    private final SecureRandom random = new SecureRandom();
    private final Thread thread = Thread.ofVirtual().unstarted(this::run);
    private volatile boolean stopping;
    private int moved;
    private Duration longestFreeze = Duration.ZERO;
    private @Nullable String problem;

    private DemoMoves(AdminClient control, Map<String, Database> databases) {
        this.control = control;
        this.databases = databases;
    }

    /** Begins; the stack of the data directory must run. */
    static DemoMoves start(DataDirectory data) {
        DemoMoves moves = new DemoMoves(AdminClient.of(data), new CellDatabases().open(data));
        moves.thread.start();
        return moves;
    }

    private void run() {
        Mover mover = new Mover(
                databases,
                new ControlLedger(control),
                MoveWatch.none(),
                Mover.Options.standard("rialto demo"),
                new SecureRandom());
        try {
            while (!stopping) {
                move(mover);
            }
        } catch (MoveException | SQLException | IOException | CommandFailure e) {
            problem = String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void move(Mover mover) throws MoveException, SQLException, IOException, InterruptedException {
        RoutingTable table = CellsCommand.table(control);
        int shard = random.nextInt(table.shards());
        List<String> others = new ArrayList<>();
        String here = table.place(shard).map(Place::cell).map(Cell::id).orElse("");
        table.cells().stream()
                .filter(cell -> cell.type() == Cell.Type.REGIONAL && !cell.id().equals(here))
                .forEach(cell -> others.add(cell.id()));
        MoveReport report = mover.move(shard, others.get(random.nextInt(others.size())));
        moved++;
        if (report.freeze().compareTo(longestFreeze) > 0) {
            longestFreeze = report.freeze();
        }
    }

    /** Ends the move under way, and begins no other. */
    @Override
    public void close() {
        stopping = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        databases.values().forEach(Database::close);
    }

    /** Adds to a summary what was moved; only after the end. */
    void tell(ObjectNode summary) {
        ObjectNode moves = summary.putObject("moves");
        moves.put("moved", moved).put("longest-freeze-ms", longestFreeze.toNanos() / 1e6);
        if (problem != null) {
            moves.put("problem", problem);
        }
    }

    /** Whether shards moved, and none was left on its way; only after the end. */
    boolean isFine() {
        return problem == null && moved > 0;
    }
}
