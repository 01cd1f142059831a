package io.rialto.server;

import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which control a command speaks to: the one that runs in the data directory, or one elsewhere. */
final class ControlOption {
    @Mixin
    private final DataOption data = new DataOption();

    @Option(
            names = "--control",
            paramLabel = "URL",
            description = "Control's address, where it is not that of the data directory; with --token-file.")
    @Nullable
    private URI url;

    @Option(names = "--token-file", paramLabel = "FILE", description = "File with control's admin token.")
    @Nullable
    private Path tokenFile;

    AdminClient client() {
        if (url == null && tokenFile == null) {
            return AdminClient.of(data.directory());
        }
        if (url == null || tokenFile == null || url.getHost() == null) {
            throw new CommandFailure("--control " + url + ", --token-file " + tokenFile
                    + " (expected: both, and the first as http://host:port)");
        }
        return AdminClient.of(url, tokenFile);
    }

    DataDirectory data() {
        return data.directory();
    }
}
