package io.rialto.wallet;

import io.rialto.starter.CellCalls;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.Messages;
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
    Ledger ledger(Messages messages) {
        return new Ledger(messages);
    }

    @Bean
    Payments payments(Ledger ledger) {
        return new Payments(ledger);
    }

    @Bean
    Relay relay(FencedTransactions transactions, Ledger ledger, CellCalls cells, WalletProperties properties) {
        return new Relay(transactions, ledger, cells, properties.relayLease());
    }

    @Bean
    KeySweep keySweep(FencedTransactions transactions, WalletProperties properties) {
        return new KeySweep(transactions, properties.idempotencyRetention());
    }

    @Bean
    Directory directory(FencedTransactions transactions, CellCalls cells, SecureRandom random, Clock clock) {
        return new Directory(transactions, cells, random, clock);
    }

    @Bean
    Accounts accounts(
            FencedTransactions transactions,
            Ledger ledger,
            Directory directory,
            SecureRandom random,
            WalletProperties properties) {
        return new Accounts(
                transactions, ledger, directory, new Pins(properties.pinCost(), random), random, properties);
    }

    @Bean
    Statements statements(FencedTransactions transactions) {
        return new Statements(transactions);
    }

    @Bean
    Transfers transfers(
            FencedTransactions transactions,
            Payments payments,
            Directory directory,
            Relay relay,
            WalletProperties properties) {
        return new Transfers(transactions, payments, directory, relay, properties);
    }

    @Bean
    Credits credits(FencedTransactions transactions, Ledger ledger) {
        return new Credits(transactions, ledger);
    }

    @Bean
    Charges charges(
            FencedTransactions transactions, Payments payments, Relay relay, WalletProperties properties, Clock clock) {
        return new Charges(transactions, payments, relay, properties, clock);
    }
}
