package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StorageTest {
    @TempDir
    private Path directory = Path.of("");

    @Test
    void a_file_keeps_the_last_value_whole_and_to_its_user_alone() throws IOException {
        Path inner = directory.resolve("rialto");
        Storage storage = new FileStorage(inner);
        assertThat(storage.get("wallet.session")).isNull();
        storage.put("wallet.session", new byte[] {1, 2, 3});
        storage.put("wallet.session", new byte[] {4});
        assertThat(new FileStorage(inner).get("wallet.session")).containsExactly(4);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(inner.resolve("wallet.session"))))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(inner)))
                .isEqualTo("rwx------");
        try (Stream<Path> files = Files.list(inner)) {
            assertThat(files).as("nothing half-written is left").hasSize(1);
        }
        storage.remove("wallet.session");
        storage.remove("wallet.session");
        assertThat(storage.get("wallet.session")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/b", ".hidden", "A", "a b"})
    void a_name_that_leads_elsewhere_is_refused(String name) {
        Storage storage = new FileStorage(directory);
        assertThatThrownBy(() -> storage.put(name, new byte[1])).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_phone_is_the_same_device_after_a_restart() {
        try (Fixture fixture = new Fixture()) {
            for (int i = 0; i < 2; i++) {
                fixture.client(fixture.phone().storage(new FileStorage(directory)))
                        .service(WalletService.class)
                        .balance();
            }
            assertThat(fixture.platform.requests(Fixture.ENROL)).isEqualTo(1);
        }
    }

    @Test
    void a_storage_that_fails_is_reported_and_done_without() {
        Storage broken = new Storage() {
            @Override
            public byte @Nullable [] get(String name) throws IOException {
                throw new IOException("disk is gone");
            }

            @Override
            public void put(String name, byte[] value) throws IOException {
                throw new IOException("disk is full");
            }

            @Override
            public void remove(String name) throws IOException {
                throw new IOException("disk is gone");
            }
        };
        try (Fixture fixture = new Fixture()) {
            WalletService wallet =
                    fixture.client(fixture.phone().storage(broken)).service(WalletService.class);
            assertThat(wallet.balance().amount()).isEqualTo("9.45");
            assertThat(fixture.reports).anyMatch(report -> report.contains("disk is full"));
        }
    }

    @Test
    void values_that_make_no_sense_are_reported_and_replaced() throws IOException {
        Storage storage = new InMemoryStorage();
        storage.put("wallet.device-key", new byte[] {1});
        storage.put("wallet.server-keys", new byte[] {1, 0});
        storage.put("wallet.cell", new byte[] {'x'});
        try (Fixture fixture = new Fixture()) {
            WalletService wallet =
                    fixture.client(fixture.phone().storage(storage)).service(WalletService.class);
            assertThat(wallet.balance().amount()).isEqualTo("9.45");
            assertThat(fixture.reports).hasSize(2);
            assertThat(storage.get("wallet.device-key")).hasSizeGreaterThan(32);
        }
    }
}
