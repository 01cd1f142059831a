package io.rialto.wallet;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the wallet in one cell, under {@code wallet}.
 *
 * @param databaseUrl JDBC URL of the cell's database
 * @param databasePasswordFile its first line is the password; absent where the database asks for none
 * @param connections most connections to the database
 * @param currency of every account
 * @param openingBalanceMinor what an account starts with
 * @param pinCost of bcrypt, the logarithm of its rounds
 * @param idempotencyRetention how long the answer to an idempotency key is kept; nobody tries again later
 * @param relayLease after this time another worker may bring what one has taken
 */
@ConfigurationProperties("wallet")
record WalletProperties(
        String databaseUrl,
        @DefaultValue("postgres") String databaseUser,
        @Nullable Path databasePasswordFile,
        @DefaultValue("16") int connections,
        @DefaultValue("EUR") String currency,
        @DefaultValue("100000") long openingBalanceMinor,
        @DefaultValue("10") int pinCost,
        @DefaultValue("7d") Duration idempotencyRetention,
        @DefaultValue("5s") Duration relayLease) {

    WalletProperties {
        require(connections >= 1 && connections <= 1000, "connections", connections, "1..1000");
        require(openingBalanceMinor > 0, "opening-balance-minor", openingBalanceMinor, "1 or more");
        require(pinCost >= 4 && pinCost <= 16, "pin-cost", pinCost, "4..16");
        require(currency.matches("[A-Z]{3}"), "currency", currency, "three letters of ISO 4217");
        require(
                idempotencyRetention.compareTo(Duration.ofHours(1)) >= 0,
                "idempotency-retention",
                idempotencyRetention,
                "1h or more");
        require(relayLease.compareTo(Duration.ofSeconds(1)) >= 0, "relay-lease", relayLease, "1s or more");
    }

    private static void require(boolean good, String name, Object value, String expected) {
        if (!good) {
            throw new IllegalArgumentException("wallet." + name + ": " + value + " (expected: " + expected + ")");
        }
    }
}
