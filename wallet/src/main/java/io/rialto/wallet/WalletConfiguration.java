package io.rialto.wallet;

import io.rialto.starter.CellCalls;
import io.rialto.starter.FencedTransactions;
import java.security.SecureRandom;
import java.time.Clock;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** The wallet of one cell. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableConfigurationProperties(WalletProperties.class)
final class WalletConfiguration {
    @Bean
    Database database(WalletProperties properties, @Value("${rialto.cell}") String cell) {
        return new Database(properties, cell);
    }

    @Bean
    FencedTransactions transactions(Database database) {
        return database.transactions();
    }

    @Bean
    SecureRandom random() {
        return new SecureRandom();
    }

    @Bean
    Relay relay(FencedTransactions transactions, CellCalls cells, WalletProperties properties) {
        return new Relay(transactions, cells, properties.relayLease());
    }

    @Bean
    KeySweep keySweep(FencedTransactions transactions, WalletProperties properties) {
        return new KeySweep(transactions, properties.idempotencyRetention());
    }

    @Bean
    Directory directory(FencedTransactions transactions, SecureRandom random) {
        return new Directory(transactions, random);
    }

    @Bean
    Accounts accounts(
            FencedTransactions transactions,
            CellCalls cells,
            SecureRandom random,
            WalletProperties properties,
            Clock clock) {
        return new Accounts(transactions, cells, new Pins(properties.pinCost(), random), random, properties, clock);
    }

    @Bean
    Statements statements(FencedTransactions transactions) {
        return new Statements(transactions);
    }

    @Bean
    Transfers transfers(
            FencedTransactions transactions, CellCalls cells, Relay relay, WalletProperties properties, Clock clock) {
        return new Transfers(transactions, cells, relay, properties, clock);
    }

    @Bean
    Credits credits(FencedTransactions transactions) {
        return new Credits(transactions);
    }

    @Bean
    Charges charges(FencedTransactions transactions, Relay relay, WalletProperties properties, Clock clock) {
        return new Charges(transactions, relay, properties, clock);
    }
}
