package io.rialto.node.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.node.Secrets;
import io.rialto.node.Settings;
import io.rialto.node.SettingsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String MIGRATIONS = "io/rialto/node/postgres/migrations";

    @TempDir
    static Path directory;

    private static PostgresServer server;

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start(
                directory.resolve("binaries"), directory.resolve("server"), PostgresServer.Options.standard(), RANDOM);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private static Database open(DatabaseAddress address) {
        return Database.open(address, "test", 4, Duration.ofSeconds(5));
    }

    private static void execute(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void migrates_several_rooms_in_one_schema_from_several_processes_at_once() throws Exception {
        try (Database database = Database.open(server.database("migrated"), "small", 1, Duration.ofSeconds(5))) {
            List<Future<?>> migrations = new ArrayList<>();
            try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 4; i++) {
                    migrations.add(executor.submit(() -> {
                        database.migrate("house", "first", MIGRATIONS + "/first");
                        database.migrate("house", "second", MIGRATIONS + "/second");
                        return null;
                    }));
                }
            }
            for (Future<?> migration : migrations) {
                migration.get();
            }
            try (Connection connection = database.dataSource().getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(
                            "SELECT (SELECT count(*) FROM house.one), (SELECT count(*) FROM house.two)")) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(1);
                assertThat(row.getInt(2)).isEqualTo(1);
            }
        }
    }

    @Test
    void gives_a_backend_a_role_that_owns_its_schema_and_no_more() throws Exception {
        Path file = directory.resolve("wallet.password");
        try (Database admin = open(server.database("roles"))) {
            execute(admin, "CREATE SCHEMA other CREATE TABLE secret (n int)");
            DatabaseAddress address = admin.backendRole("wallet", "wallet", file, RANDOM);
            assertThat(admin.backendRole("wallet", "wallet", file, RANDOM)).isEqualTo(address);
            try (Database backend = open(address)) {
                execute(backend, "CREATE TABLE account (n int)");
                execute(backend, "SELECT * FROM wallet.account");
                execute(
                        backend,
                        "DO $$ BEGIN ASSERT current_setting('idle_in_transaction_session_timeout') = '15s'; END $$");
                for (String sql : new String[] {
                    "SELECT * FROM other.secret", "CREATE TABLE public.x (n int)", "CREATE SCHEMA x", "CREATE ROLE x"
                }) {
                    assertThatThrownBy(() -> execute(backend, sql)).hasMessageContaining("permission denied");
                }
            }
            DatabaseAddress rotated = admin.rotate("wallet", file, RANDOM);
            assertThat(rotated.password()).isEqualTo(Secrets.read(file)).isNotEqualTo(address.password());
            try (Database backend = open(rotated)) {
                execute(backend, "SELECT 1");
            }
        }
    }

    @Test
    void several_streams_get_their_roles_at_once_and_give_them_back() throws Exception {
        try (Database database = open(server.database("streams"));
                ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int stream = 0; stream < 4; stream++) {
                String role = "stream_" + stream;
                all.add(executor.submit(() -> {
                    for (int turn = 0; turn < 20; turn++) {
                        database.replicationRole(role, RANDOM);
                        database.dropRole(role);
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
    }

    @Test
    void opens_while_the_database_is_away() {
        DatabaseAddress nowhere = new DatabaseAddress("jdbc:postgresql://127.0.0.1:1/none", "u", "p");
        try (Database database = Database.open(nowhere, "away", 1, Duration.ofMillis(300))) {
            assertThatThrownBy(() -> execute(database, "SELECT 1")).isInstanceOf(SQLException.class);
        }
    }

    @Test
    void takes_an_external_database_by_url_and_password_file() throws Exception {
        DatabaseAddress here = server.database("external");
        Path file = Files.writeString(directory.resolve("external.password"), here.password() + "\n");
        DatabaseSettings settings = Settings.empty()
                .withArguments(Map.of("url", here.url(), "user", here.user(), "password-file", file.toString()))
                .bind(DatabaseSettings.class);
        assertThat(settings.external()).contains(here);
        assertThat(Settings.empty().bind(DatabaseSettings.class).external()).isEmpty();
        assertThatThrownBy(() -> Settings.empty()
                        .withArguments(Map.of("url", here.url()))
                        .bind(DatabaseSettings.class))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("expected: both or none");
        assertThatThrownBy(() -> new DatabaseAddress("jdbc:postgresql://h/d?password=x", "u", "p"))
                .hasMessageContaining("expected: it in a file");
    }
}
