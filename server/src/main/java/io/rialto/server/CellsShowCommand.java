package io.rialto.server;

import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.failover.RemoteCopy;
import io.rialto.cells.failover.Standbys;
import io.rialto.cells.failover.UnitServers;
import io.rialto.cells.move.Grant;
import io.rialto.cells.move.MoveStatus;
import io.rialto.cells.move.Moves;
import io.rialto.cells.move.Split;
import io.rialto.node.postgres.Database;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** Shows where shards are, and the moves that are under way. */
@Command(
        name = "show",
        description =
                "Show which cell has which shards, the servers of units, moves under way, and what both databases say of a"
                        + " shard.",
        mixinStandardHelpOptions = true)
final class CellsShowCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    @Mixin
    private final ControlOption control = new ControlOption();

    @Mixin
    private final CellDatabases databases = new CellDatabases();

    @Option(names = "--shard", paramLabel = "N", description = "What each cell's database says of this one as well.")
    private int shard = RoutingTable.GLOBAL_SHARD;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        AdminClient client = control.client();
        RoutingTable table = CellsCommand.table(client);
        Map<String, List<Place>> byCell = new TreeMap<>(table.places().stream()
                .filter(place -> place.shard() != RoutingTable.GLOBAL_SHARD)
                .collect(Collectors.groupingBy(place -> place.cell().id())));
        table.cells().forEach(cell -> byCell.putIfAbsent(cell.id(), List.of()));
        byCell.forEach((cell, places) ->
                UpCommand.say(out, "cell " + cell + ": " + places.size() + " shards " + ranges(places)));
        JsonNode standbys = client.section(Standbys.SECTION).value();
        if (!standbys.isMissingNode()) {
            Standbys.units(standbys).stream()
                    .sorted(Comparator.comparing(UnitServers::unit))
                    .forEach(unit -> show(out, unit));
        }
        Map<String, Database> cells = databases.open(control.data());
        try {
            Moves moves = Moves.parse(client.section(Moves.SECTION).value());
            moves.splits().stream()
                    .filter(split -> split.state() != Split.State.HOME)
                    .forEach(split -> UpCommand.say(out, where(split)));
            for (Grant grant : moves.grants()) {
                boolean open = grant.state() == Grant.State.GRANTED || grant.state() == Grant.State.DIFFERS;
                if (open || grant.shard() == shard) {
                    show(out, cells, grant.shard(), way(grant));
                }
            }
            if (shard != RoutingTable.GLOBAL_SHARD) {
                show(out, cells, shard, "shard " + shard);
            }
        } finally {
            cells.values().forEach(Database::close);
        }
        return 0;
    }

    private static void show(PrintWriter out, Map<String, Database> cells, int shard, String what) {
        UpCommand.say(out, what);
        cells.forEach((cell, database) -> {
            try {
                UpCommand.say(out, "  " + cell + ": " + MoveStatus.of(database, shard));
            } catch (SQLException e) {
                UpCommand.say(out, "  " + cell + ": does not answer: " + e.getMessage());
            }
        });
    }

    private void show(PrintWriter out, UnitServers unit) {
        UpCommand.say(
                out,
                "unit " + unit.unit() + ": " + unit.primary() + ", generation " + unit.generation() + ", "
                        + unit.phase().name().toLowerCase(Locale.ROOT) + ", "
                        + (unit.standbys().isEmpty()
                                ? "no standbys"
                                : "standbys " + unit.standbys() + ", of which " + unit.quorum()
                                        + " must have each write"));
        unit.remote().ifPresent(copy -> UpCommand.say(out, "  remote copy " + copy + " " + lag(unit, copy)));
        unit.lost()
                .ifPresent(lost -> UpCommand.say(
                        out,
                        "  lost before generation " + lost.generation() + ": " + lost.servers() + ", "
                                + lost.state().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                                + (lost.note().isEmpty() ? "" : ": " + lost.note())));
    }

    private String lag(UnitServers unit, String copy) {
        try {
            return lag(RemoteCopy.look(
                    UnitAddresses.required(control.data(), unit.primary()),
                    UnitAddresses.required(control.data(), copy)));
        } catch (SQLException e) {
            return "does not answer: " + e.getMessage();
        }
    }

    /** How far a remote copy is. */
    static String lag(RemoteCopy copy) {
        String last = copy.lastCommit()
                .map(when -> "its newest transaction is of " + when.truncatedTo(ChronoUnit.MILLIS))
                .orElse("it has got no transaction since its start");
        String lag = copy.bytes()
                .map(bytes -> "is " + bytes + " bytes"
                        + copy.behind()
                                .map(time -> String.format(Locale.ROOT, " and %.1f s", time.toMillis() / 1000.0))
                                .orElse("")
                        + " behind")
                .orElse("lacks what was written since then, as the primary does not answer");
        return (copy.follows() ? "follows, " : "does not follow, ") + last + ", and it " + lag;
    }

    private static String way(Grant grant) {
        return "shard " + grant.shard() + ": from " + grant.from() + " to " + grant.to() + " at epoch " + grant.epoch()
                + ", " + grant.state();
    }

    private static String where(Split split) {
        return "user " + split.user() + ": "
                + switch (split.state()) {
                    case PARTING -> "on the way from shard " + split.common() + " to " + split.shard();
                    case APART -> "in shard " + split.shard() + " of their own, apart from " + split.common();
                    case RETURNING -> "on the way from shard " + split.shard() + " back to " + split.common();
                    case HOME -> "in shard " + split.common();
                };
    }

    private static String ranges(List<Place> places) {
        StringBuilder text = new StringBuilder();
        List<Integer> shards = places.stream().map(Place::shard).sorted().toList();
        for (int i = 0; i < shards.size(); ) {
            int end = i;
            while (end + 1 < shards.size() && shards.get(end + 1) == shards.get(end) + 1) {
                end++;
            }
            text.append(text.isEmpty() ? "" : ", ").append(shards.get(i));
            text.append(end == i ? "" : "-" + shards.get(end));
            i = end + 1;
        }
        return text.toString();
    }
}
