package io.rialto.node.postgres;

import io.rialto.node.Secrets;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Where a database is and as whom to speak to it.
 *
 * @param url the JDBC URL, without user and password
 */
public record DatabaseAddress(String url, String user, String password) {
    private static final String SCHEME = "jdbc:postgresql:";

    public DatabaseAddress {
        if (!url.startsWith(SCHEME)) {
            throw new IllegalArgumentException("database url: " + url + " (expected: " + SCHEME + "//host:port/name)");
        }
        if (url.contains("password=")) {
            throw new IllegalArgumentException(
                    "database url: with a password (expected: it in a file, not in the url)");
        }
    }

    /** The address of an external database whose password is in a file. */
    public static DatabaseAddress of(String url, String user, Path passwordFile) throws IOException {
        return new DatabaseAddress(url, user, Secrets.read(passwordFile));
    }

    /** The same database as another role. */
    public DatabaseAddress as(String otherUser, String otherPassword) {
        return new DatabaseAddress(url, otherUser, otherPassword);
    }

    /** The same database by another way. */
    DatabaseAddress at(String otherUrl) {
        return new DatabaseAddress(otherUrl, user, password);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return url + " as " + user;
    }
}
