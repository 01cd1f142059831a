package io.rialto.server;

import io.rialto.server.ChaosCellsFault.Step;
import io.rialto.server.ChaosMachines.Cut;
import io.rialto.server.ChaosNetwork.Way;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** Makes faults of cells, and ends them. */
final class ChaosCellsFaults {
    private static final Duration DELAY = Duration.ofMillis(100);
    private static final Duration AHEAD = Duration.ofHours(1);
    /** Below what a caller's token may be early: calls go on. */
    private static final Duration BEHIND = Duration.ofSeconds(4);

    private static final int PAUSED_PERCENT = 20;

    private static final ChaosLink.State SILENT = new ChaosLink.State(false, false, false, Duration.ZERO);
    private static final ChaosLink.State NOTHING_THERE = new ChaosLink.State(false, true, false, Duration.ZERO);
    private static final ChaosLink.State NOTHING_BACK = new ChaosLink.State(true, false, false, Duration.ZERO);
    private static final ChaosLink.State CUT = new ChaosLink.State(true, true, true, Duration.ZERO);
    private static final ChaosLink.State SLOW = new ChaosLink.State(true, true, false, DELAY);

    private final ChaosCells cells;
    private final ChaosTransactions transactions;

    ChaosCellsFaults(ChaosCells cells, ChaosTransactions transactions) {
        this.cells = cells;
        this.transactions = transactions;
    }

    void make(Step step) throws IOException, InterruptedException, SQLException {
        if (ChaosCellsFault.OF_MACHINES.contains(step.fault())) {
            cutOff(step);
            return;
        }
        String cell = cells.cells().get(step.cell());
        switch (step.fault()) {
            case KILL_EDGE -> cells.edge(cell).kill();
            case KILL_WALLET -> cells.wallet(cell).kill();
            case KILL_DATABASE -> kill(cells.primary(cell));
            case KILL_PRIMARY -> kill(cells.primary(ChaosCells.UNIT));
            case KILL_CONTROL -> cells.control().kill();
            case STOP_EDGE ->
                ChaosFaults.signal("STOP", List.of(cells.edge(cell).handle()));
            case STOP_WALLET ->
                ChaosFaults.signal("STOP", List.of(cells.wallet(cell).handle()));
            case STOP_DATABASE -> stop(cells.primary(cell));
            case STOP_PRIMARY -> stop(cells.primary(ChaosCells.UNIT));
            case PAUSES -> transactions.pause(PAUSED_PERCENT);
            case CLOCK_AHEAD -> moveClocks(cell, AHEAD);
            case CLOCK_BEHIND -> moveClocks(cell, BEHIND.negated());
            case PARTITION_DATABASE -> database(cell, SILENT);
            case NOTHING_TO_DATABASE -> database(cell, NOTHING_THERE);
            case NOTHING_FROM_DATABASE -> database(cell, NOTHING_BACK);
            case PARTITION_EDGE -> cells.network().set(Way.EDGES_TO_EDGE, cell, SILENT);
            case NOTHING_TO_EDGE -> cells.network().set(Way.EDGES_TO_EDGE, cell, NOTHING_THERE);
            case NOTHING_FROM_EDGE -> cells.network().set(Way.EDGES_TO_EDGE, cell, NOTHING_BACK);
            case PARTITION_MOVER -> cells.network().set(Way.MOVER_TO_DATABASE, cell, SILENT);
            case NOTHING_TO_MOVER -> cells.network().set(Way.MOVER_TO_DATABASE, cell, NOTHING_BACK);
            case NOTHING_FROM_MOVER -> cells.network().set(Way.MOVER_TO_DATABASE, cell, NOTHING_THERE);
            case CONTROL_AWAY -> control(SILENT);
            case CUT_PHONES -> cells.network().set(Way.PHONES_TO_EDGE, cell, CUT);
            case SLOW -> every(cell, SLOW);
            case CUT_OFF_MACHINE, NOTHING_TO_MACHINE, NOTHING_FROM_MACHINE ->
                throw new IllegalArgumentException(
                        "fault: " + step.fault() + " (expected: one of a process, a link or a clock)");
        }
    }

    private void cutOff(Step step) throws IOException, InterruptedException {
        String machine = switch (step.cell()) {
            case ChaosCellsFault.MACHINE_OF_CONTROL -> ChaosCells.CONTROL;
            case ChaosCellsFault.MACHINE_OF_PRIMARY -> cells.primary(ChaosCells.UNIT);
            default -> cells.cells().get(step.cell());
        };
        cells.machines()
                .cut(
                        machine,
                        switch (step.fault()) {
                            case NOTHING_TO_MACHINE -> Cut.IN;
                            case NOTHING_FROM_MACHINE -> Cut.OUT;
                            default -> Cut.BOTH;
                        });
    }

    private void kill(String server) throws IOException {
        cells.postgres(server).postmaster().ifPresent(ProcessHandle::destroyForcibly);
    }

    private void stop(String server) throws IOException, InterruptedException {
        ChaosFaults.signal("STOP", cells.postgres(server).processes());
    }

    void end(Step step) throws IOException, InterruptedException, SQLException {
        if (ChaosCellsFault.OF_MACHINES.contains(step.fault())) {
            cells.machines().heal();
            return;
        }
        String cell = cells.cells().get(step.cell());
        switch (step.fault()) {
            case KILL_EDGE -> {
                cells.edge(cell).startAgain();
                cells.edge(cell).awaitReady();
            }
            case KILL_WALLET -> cells.wallet(cell).startAgain();
            case KILL_CONTROL -> {
                cells.control().startAgain();
                cells.control().awaitReady();
            }
            case KILL_DATABASE, KILL_PRIMARY -> {}
            case STOP_EDGE ->
                ChaosFaults.signal("CONT", List.of(cells.edge(cell).handle()));
            case STOP_WALLET ->
                ChaosFaults.signal("CONT", List.of(cells.wallet(cell).handle()));
            case STOP_DATABASE, STOP_PRIMARY -> cells.resume();
            case PAUSES -> transactions.pause(0);
            case CLOCK_AHEAD, CLOCK_BEHIND -> moveClocks(cell, Duration.ZERO);
            case CONTROL_AWAY -> control(ChaosLink.State.WHOLE);
            case PARTITION_DATABASE,
                    NOTHING_TO_DATABASE,
                    NOTHING_FROM_DATABASE,
                    PARTITION_EDGE,
                    NOTHING_TO_EDGE,
                    NOTHING_FROM_EDGE,
                    PARTITION_MOVER,
                    NOTHING_TO_MOVER,
                    NOTHING_FROM_MOVER,
                    CUT_PHONES,
                    SLOW -> every(cell, ChaosLink.State.WHOLE);
            case CUT_OFF_MACHINE, NOTHING_TO_MACHINE, NOTHING_FROM_MACHINE ->
                throw new IllegalArgumentException(
                        "fault: " + step.fault() + " (expected: one of a process, a link or a clock)");
        }
    }

    private void moveClocks(String cell, Duration by) throws IOException {
        cells.edge(cell).moveClock(by);
        cells.wallet(cell).moveClock(by);
    }

    private void database(String cell, ChaosLink.State state) {
        cells.network().set(Way.EDGE_TO_DATABASE, cell, state);
        cells.network().set(Way.WALLET_TO_DATABASE, cell, state);
    }

    private void control(ChaosLink.State state) {
        cells.cells().forEach(cell -> cells.network().set(Way.EDGE_TO_CONTROL, cell, state));
        cells.network().set(Way.MOVER_TO_CONTROL, ChaosCells.CONTROL, state);
    }

    private void every(String cell, ChaosLink.State state) {
        for (Way way : Way.values()) {
            if (way != Way.MOVER_TO_CONTROL) {
                cells.network().set(way, cell, state);
            }
        }
    }
}
