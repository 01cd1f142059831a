package io.rialto.server;

import io.rialto.cells.Cell;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.node.Settings;
import io.rialto.node.SettingsException;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.DatabaseSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Commands about cells. */
@Command(
        name = "cells",
        description = "The routing table, moves of shards, the databases of cells, and the failover of units.",
        mixinStandardHelpOptions = true,
        subcommands = {
            CellsTableCommand.class,
            CellsShowCommand.class,
            CellsMoveCommand.class,
            CellsCancelCommand.class,
            CellsDrainCommand.class,
            CellsCopyCommand.class,
            CellsFailoverCommand.class,
            CellsReconcileCommand.class
        })
final class CellsCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before any command runs
    private CommandSpec spec;

    @Command(
            name = "prepare",
            description =
                    "Make a cell's fence and its backends' roles in an external database, as far as they are"
                            + " missing; to be done before its backends start, and again when the routing table gets new shards.",
            mixinStandardHelpOptions = true)
    int prepare(
            @Mixin ControlOption control,
            @Option(names = "--cell", required = true, description = "Id of the cell, as the routing table has it.")
                    String cell,
            @Option(
                            names = "--database-settings",
                            required = true,
                            paramLabel = "FILE",
                            description = "Settings file of its database: url, user, password-file.")
                    Path file,
            @Option(
                            names = "--backend",
                            paramLabel = "ROLE=FILE",
                            description = "A backend's role, which gets a schema of the same name, and the file of its"
                                    + " password, made where it is not there; once for each.")
                    Map<String, Path> passwordFiles)
            throws IOException, InterruptedException {
        DatabaseSettings settings = settings(file);
        DatabaseAddress address = external(settings)
                .orElseThrow(() -> new CommandFailure(
                        file + ": no url (expected: that of an external database; 'up' prepares its own)"));
        RoutingTable table = table(control.client());
        if (table.cells().stream().map(Cell::id).noneMatch(cell::equals)) {
            throw new CommandFailure("--cell: " + cell + " (expected: one of the routing table's, "
                    + table.cells().stream().map(Cell::id).sorted().toList() + ")");
        }
        PrintWriter out = spec.commandLine().getOut();
        try (Database database = Database.open(address, "rialto-prepare", 2, settings.poolWait())) {
            PreparedCell prepared = PreparedCell.prepare(
                    database, table, cell, passwordFiles == null ? Map.of() : passwordFiles, new SecureRandom());
            UpCommand.say(
                    out,
                    "cell " + cell + ": the fence knows " + table.places().size() + " shards, " + prepared.newRows()
                            + " of them since now");
            prepared.backends()
                    .forEach((role, backend) -> UpCommand.say(out, "backend " + role + ": " + backend.url()));
            return 0;
        } catch (SQLException e) {
            throw new CommandFailure("database " + address + ": " + e.getMessage()
                    + " (expected: a PostgreSQL 17 or later, whose database that user owns and who may create roles)");
        }
    }

    private static DatabaseSettings settings(Path file) {
        try {
            return Settings.empty().withFile(file).bind(DatabaseSettings.class);
        } catch (SettingsException e) {
            throw new CommandFailure("--database-settings: " + e.getMessage());
        }
    }

    private static Optional<DatabaseAddress> external(DatabaseSettings settings) {
        try {
            return settings.external();
        } catch (IOException e) {
            throw new CommandFailure("--database-settings: password-file: " + e.getMessage());
        }
    }

    static RoutingTable table(AdminClient control) throws InterruptedException {
        try {
            return RoutingTable.parse(control.required(RoutingTable.SECTION).value());
        } catch (TableException e) {
            throw new CommandFailure("control's routing table cannot be read by this version: " + e.getMessage());
        }
    }
}
