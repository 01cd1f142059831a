package io.rialto.server;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option that most commands share. */
final class DataOption {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = "${env:RIALTO_DATA:-.rialto}",
            description = "Data directory (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of(".rialto");

    DataDirectory directory() {
        return new DataDirectory(folder);
    }
}
