package io.rialto.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/** What a fault test does to one of the cells, or to control. */
enum ChaosCellsFault {
    /** kill -9, and started again. */
    KILL_EDGE(0, 2_000),
    KILL_WALLET(0, 2_000),
    /** kill -9 of the postmaster; its keeper starts it again. */
    KILL_DATABASE(0, 1),
    KILL_CONTROL(0, 4_000),
    /** SIGSTOP, later SIGCONT. */
    STOP_EDGE(5_000, 5_001),
    STOP_WALLET(5_000, 5_001),
    STOP_DATABASE(5_000, 5_001),
    /** Between edge and wallet on one side and their database on the other nothing arrives; nobody is told. */
    PARTITION_DATABASE(2_000, 6_000),
    NOTHING_TO_DATABASE(2_000, 6_000),
    NOTHING_FROM_DATABASE(2_000, 6_000),
    /** What edges of other cells forward to this one's does not arrive, or the answer does not. */
    PARTITION_EDGE(2_000, 6_000),
    NOTHING_TO_EDGE(2_000, 6_000),
    NOTHING_FROM_EDGE(2_000, 6_000),
    /** Movers and the database that copies do not reach the cell's database, or hear nothing of it. */
    PARTITION_MOVER(2_000, 6_000),
    NOTHING_TO_MOVER(2_000, 6_000),
    NOTHING_FROM_MOVER(2_000, 6_000),
    /** Neither edges nor movers reach control. */
    CONTROL_AWAY(3_000, 6_000),
    /** Connections of phones to the cell end, and new ones are refused. */
    CUT_PHONES(1_000, 4_000),
    /** 100 ms in each direction, on every link of the cell. */
    SLOW(3_000, 6_000),
    /** The clocks of the cell's edge and wallet say one hour more. */
    CLOCK_AHEAD(3_000, 6_000),
    CLOCK_BEHIND(3_000, 6_000),
    /** One transaction in five of each regional cell stops for 300 ms before it ends. */
    PAUSES(6_000, 10_000),
    /** kill -9 of the primary of the unit with standbys. */
    KILL_PRIMARY(4_000, 7_000),
    /** SIGSTOP of that, for longer than the keeper needs to give it up; then it goes on as if nothing had been. */
    STOP_PRIMARY(7_000, 12_000),
    /** All packets to a machine, from it, or both ways are lost, but what it says to itself. */
    CUT_OFF_MACHINE(3_000, 8_000),
    NOTHING_TO_MACHINE(3_000, 8_000),
    NOTHING_FROM_MACHINE(3_000, 8_000);

    static final Set<ChaosCellsFault> OF_CLOCKS = Set.of(CLOCK_AHEAD, CLOCK_BEHIND);

    /** Those of control, and of movers, which need it. */
    static final Set<ChaosCellsFault> OF_CONTROL =
            Set.of(KILL_CONTROL, CONTROL_AWAY, PARTITION_MOVER, NOTHING_TO_MOVER, NOTHING_FROM_MOVER);

    /** Those of the unit with standbys. */
    static final Set<ChaosCellsFault> OF_UNIT = Set.of(KILL_PRIMARY, STOP_PRIMARY);

    static final Set<ChaosCellsFault> OF_MACHINES = Set.of(CUT_OFF_MACHINE, NOTHING_TO_MACHINE, NOTHING_FROM_MACHINE);

    /** In place of a cell's number: control's machine. */
    static final int MACHINE_OF_CONTROL = 3;

    /** In place of a cell's number: that on which the unit with standbys has its primary. */
    static final int MACHINE_OF_PRIMARY = 4;

    private static final Set<ChaosCellsFault> OF_NO_CELL =
            Set.of(KILL_CONTROL, CONTROL_AWAY, PAUSES, KILL_PRIMARY, STOP_PRIMARY);

    private static final Duration QUICK = Duration.ofMillis(2_500);
    private static final int MIN_PAUSE_MILLIS = 1_000;
    private static final int MAX_PAUSE_MILLIS = 4_000;
    private static final int CELLS = 3;
    private static final int MACHINES = 5;

    private final int shortest;
    private final int longest;

    ChaosCellsFault(int shortest, int longest) {
        this.shortest = shortest;
        this.longest = longest;
    }

    /**
     * A fault and the time after it.
     *
     * @param cell 0 and 1 for the regional ones, 2 for the global one; of a machine also one of the numbers above
     */
    record Step(ChaosCellsFault fault, int cell, Duration length, Duration pause) {
        /** For the history. */
        String describe(List<String> cells) {
            String name = fault.name().toLowerCase(Locale.ROOT).replace('_', ' ');
            String where = switch (cell) {
                case MACHINE_OF_CONTROL -> "control";
                case MACHINE_OF_PRIMARY -> "the primary";
                default -> cells.get(cell);
            };
            return name + (OF_NO_CELL.contains(fault) ? "" : " of " + where) + ", " + length.toMillis() + " ms";
        }
    }

    /** The same for the same seed: rounds in which each fault comes once, in an order of each round's own. */
    static List<Step> plan(long seed, Duration total) {
        Random random = new Random(seed);
        List<Step> steps = new ArrayList<>();
        long left = total.toMillis();
        while (left > 0) {
            List<ChaosCellsFault> round = new ArrayList<>(Arrays.asList(values()));
            Collections.shuffle(round, random);
            for (ChaosCellsFault fault : round) {
                Step step = step(fault, random);
                left -= step.length().plus(step.pause()).toMillis();
                if (left < 0) {
                    break;
                }
                steps.add(step);
            }
        }
        return steps;
    }

    /**
     * A few, once each and short, in the regional cells.
     *
     * @param apart whether machines can be cut off; else a link is
     */
    static List<Step> quickPlan(long seed, boolean apart) {
        Random random = new Random(seed);
        List<ChaosCellsFault> round = new ArrayList<>(List.of(
                KILL_DATABASE, KILL_CONTROL, apart ? CUT_OFF_MACHINE : PARTITION_EDGE, PARTITION_DATABASE, PAUSES));
        Collections.shuffle(round, random);
        return round.stream()
                .map(fault -> step(fault, random))
                .map(step -> new Step(
                        step.fault(),
                        step.cell() % 2,
                        step.length().compareTo(QUICK) < 0 ? step.length() : QUICK,
                        Duration.ofSeconds(1)))
                .toList();
    }

    /** Each edge is killed and started again, one after the other. */
    static List<Step> everyEdge() {
        Duration length = Duration.ofMillis(KILL_EDGE.longest / 4);
        return IntStream.range(0, CELLS)
                .mapToObj(cell -> new Step(KILL_EDGE, cell, length, Duration.ofSeconds(1)))
                .toList();
    }

    private static Step step(ChaosCellsFault fault, Random random) {
        return new Step(
                fault,
                random.nextInt(OF_MACHINES.contains(fault) ? MACHINES : CELLS),
                Duration.ofMillis(random.nextInt(fault.shortest, fault.longest)),
                Duration.ofMillis(random.nextInt(MIN_PAUSE_MILLIS, MAX_PAUSE_MILLIS)));
    }
}
