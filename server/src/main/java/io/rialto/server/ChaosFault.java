package io.rialto.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/** What a fault test does to the processes of a cell. */
enum ChaosFault {
    /** kill -9, and started again. */
    KILL_EDGE(0, 2_000),
    /** kill -9 of the postmaster; its keeper starts it again. */
    KILL_DATABASE(0, 1),
    /** SIGSTOP, later SIGCONT. */
    STOP_EDGE(5_000, 5_001),
    /** SIGSTOP of every process of the database. */
    STOP_DATABASE(5_000, 5_001),
    /** Between one edge and the database nothing arrives, in either direction; nobody is told. */
    PARTITION(3_000, 12_000),
    NOTHING_TO_DATABASE(3_000, 12_000),
    NOTHING_FROM_DATABASE(3_000, 12_000),
    /** Connections of one edge to the database end, and new ones are refused. */
    CUT(2_000, 6_000),
    /** 200 ms in each direction. */
    SLOW(4_000, 8_000),
    /** The disk of the database is full, and then has space again. */
    FULL_DISK(3_000, 6_000),
    /** The clock of one edge says one hour more, and then the right time again: no caller's token is good meanwhile. */
    CLOCK_AHEAD(4_000, 8_000),
    /** The clock of one edge says so many seconds less that what it is told still counts as fresh. */
    CLOCK_BEHIND(4_000, 8_000);

    private static final Duration QUICK = Duration.ofSeconds(3);
    private static final int MIN_PAUSE_MILLIS = 2_000;
    private static final int MAX_PAUSE_MILLIS = 6_000;

    private final int shortest;
    private final int longest;

    ChaosFault(int shortest, int longest) {
        this.shortest = shortest;
        this.longest = longest;
    }

    /**
     * A fault and the time after it.
     *
     * @param edge 0 or 1, where it is about one of them
     */
    record Step(ChaosFault fault, int edge, Duration length, Duration pause) {
        @Override
        public String toString() {
            String name = fault.name().toLowerCase(Locale.ROOT).replace('_', ' ');
            boolean one = !Set.of(KILL_DATABASE, STOP_DATABASE, FULL_DISK).contains(fault);
            return name + (one ? ", edge " + (edge + 1) : "") + ", " + length.toMillis() + " ms";
        }
    }

    /** The same for the same seed: rounds in which each fault comes once, in an order of each round's own. */
    static List<Step> plan(long seed, Duration total) {
        Random random = new Random(seed);
        List<Step> steps = new ArrayList<>();
        long left = total.toMillis();
        while (left > 0) {
            List<ChaosFault> round = new ArrayList<>(Arrays.asList(values()));
            Collections.shuffle(round, random);
            for (ChaosFault fault : round) {
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

    /** A few that need nothing of the machine, once each and short. */
    static List<Step> quickPlan(long seed) {
        Random random = new Random(seed);
        List<ChaosFault> round = new ArrayList<>(List.of(KILL_EDGE, KILL_DATABASE, STOP_EDGE, PARTITION));
        Collections.shuffle(round, random);
        return round.stream()
                .map(fault -> step(fault, random))
                .map(step -> new Step(
                        step.fault(),
                        step.edge(),
                        step.length().compareTo(QUICK) < 0 ? step.length() : QUICK,
                        Duration.ofSeconds(1)))
                .toList();
    }

    private static Step step(ChaosFault fault, Random random) {
        return new Step(
                fault,
                random.nextInt(2),
                Duration.ofMillis(random.nextInt(fault.shortest, fault.longest)),
                Duration.ofMillis(random.nextInt(MIN_PAUSE_MILLIS, MAX_PAUSE_MILLIS)));
    }
}
