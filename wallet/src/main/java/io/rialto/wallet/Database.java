package io.rialto.wallet;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.rialto.starter.FencedTransactions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import org.flywaydb.core.Flyway;

/**
 * The cell's database: its schema {@code wallet} brought up to date, and its two doors. The pool itself is handed to
 * nobody, so no code of the wallet can write past the fence.
 */
final class Database implements AutoCloseable {
    /** A call that waits longer for a connection would find its phone gone. */
    private static final long CONNECTION_TIMEOUT_MILLIS = 3_000;

    /** A database that was killed reads its log first; a wallet that starts meanwhile waits for it. */
    private static final long START_TIMEOUT_MILLIS = 60_000;

    private static final int CONNECT_SECONDS = 5;

    /** Longer than any transaction may take; a server that vanished without a word holds a connection no longer. */
    private static final int SILENCE_SECONDS = 30;

    private final HikariDataSource pool;
    private final FencedTransactions transactions;

    Database(WalletProperties properties, String cell) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("wallet-" + cell);
        config.setJdbcUrl(properties.databaseUrl());
        config.setUsername(properties.databaseUser());
        if (properties.databasePasswordFile() != null) {
            try (var lines = Files.lines(properties.databasePasswordFile())) {
                config.setPassword(lines.findFirst().orElse(""));
            } catch (IOException e) {
                throw new UncheckedIOException("wallet.database-password-file", e);
            }
        }
        config.setMaximumPoolSize(properties.connections());
        config.setConnectionTimeout(CONNECTION_TIMEOUT_MILLIS);
        config.setSchema("wallet");
        config.setInitializationFailTimeout(START_TIMEOUT_MILLIS);
        config.addDataSourceProperty("ApplicationName", "wallet-" + cell);
        config.addDataSourceProperty("connectTimeout", Integer.toString(CONNECT_SECONDS));
        config.addDataSourceProperty("socketTimeout", Integer.toString(SILENCE_SECONDS));
        pool = new HikariDataSource(config);
        Flyway.configure()
                .dataSource(pool)
                .schemas("wallet")
                .locations("classpath:db/wallet")
                .load()
                .migrate();
        transactions = new FencedTransactions(pool);
    }

    FencedTransactions transactions() {
        return transactions;
    }

    @Override
    public void close() {
        pool.close();
    }
}
