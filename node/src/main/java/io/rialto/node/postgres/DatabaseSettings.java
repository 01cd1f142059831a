package io.rialto.node.postgres;

import io.rialto.node.Setting;
import io.rialto.node.Size;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Settings of one database; without a URL the embedded server is used. */
public record DatabaseSettings(
        @Setting(
                doc =
                        "JDBC URL of an external PostgreSQL 17 or later, `jdbc:postgresql://host:port/name`; none: embedded.")
        Optional<String> url,

        @Setting(value = "rialto", doc = "User at the external server; must own the database and may create roles.")
        String user,

        @Setting(doc = "File with the password of that user.")
        Optional<Path> passwordFile,

        @Setting(value = "16", min = 1, max = 1000, doc = "Connections of a process to this database, at most.")
        int poolSize,

        @Setting(value = "5s", doc = "How long a caller waits for a connection.")
        Duration poolWait,

        @Setting(
                value = "0",
                min = 0,
                max = 65535,
                doc = "Port of the embedded server on 127.0.0.1; 0 takes a free one.")
        int port,

        @Setting(value = "200", min = 10, max = 10_000, doc = "Connections that the embedded server accepts.")
        int maxConnections,

        @Setting(value = "128m", doc = "Shared buffers of the embedded server.")
        Size sharedBuffers) {

    public DatabaseSettings {
        if (url.isPresent() != passwordFile.isPresent()) {
            throw new IllegalArgumentException("url and password-file: one of them (expected: both or none)");
        }
    }

    /** The external database, where there is one. */
    public Optional<DatabaseAddress> external() throws IOException {
        if (url.isEmpty() || passwordFile.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(DatabaseAddress.of(url.get(), user, passwordFile.get()));
    }
}
