package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.cells.Place;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.Buckets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Two cells with a database server each, and a backend's tables in both. */
final class TestShop implements AutoCloseable {
    static final int SHARD = 7;
    static final String TABLE = """
            {"shards": 10,
             "cells": [{"id":"east","nodes":[]}, {"id":"west","nodes":[]}, {"id":"global","type":"global"}],
             "units": [{"id":"u-east","cell":"east"}, {"id":"u-west","cell":"west"}, {"id":"u-global","cell":"global"}],
             "assignments": [{"from":0,"to":9,"unit":"u-east","epoch":1}],
             "overrides": [{"user":"42","shard":1000,"unit":"u-east","epoch":1}],
             "global": {"unit":"u-global","epoch":1,"shard":-1}}
            """;
    private static final String[] TABLES = {
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.done (shard int, id uuid, number bigint GENERATED ALWAYS AS IDENTITY, uid text NOT NULL,"
                + " PRIMARY KEY (shard, id))",
        "CREATE TABLE shop.account (shard int, uid text, operations bigint NOT NULL, note text,"
                + " twice bigint GENERATED ALWAYS AS (operations * 2) STORED, PRIMARY KEY (uid, shard))",
        "CREATE TABLE shop.handle (shard int CHECK (shard = -1), name text PRIMARY KEY)",
        "CREATE TABLE shop.local (name text PRIMARY KEY)",
        "SELECT rialto.owned_by_user('shop.done', 'uid')",
        "SELECT rialto.owned_by_user('shop.account', 'uid')",
    };

    /** Some whose common shard it is. */
    static final List<String> USERS = IntStream.iterate(0, i -> i + 1)
            .mapToObj(i -> "u" + i)
            .filter(user -> Buckets.of(user, 10) == SHARD)
            .limit(5)
            .toList();

    final SecureRandom random = new SecureRandom();
    final Map<String, Database> cells = new LinkedHashMap<>();
    private final List<PostgresServer> servers = new ArrayList<>();
    MemoryLedger ledger = new MemoryLedger(TABLE);

    static TestShop start(Path directory) throws Exception {
        TestShop shop = new TestShop();
        try {
            for (String cell : List.of("east", "west")) {
                PostgresServer server = PostgresServer.start(
                        directory.resolve("binaries"),
                        directory.resolve(cell),
                        PostgresServer.Options.standard(),
                        shop.random);
                shop.servers.add(server);
                Database database = Database.open(server.database("shop"), cell, 40, Duration.ofSeconds(20));
                shop.cells.put(cell, database);
                Fence.open(database);
            }
            shop.fresh();
            return shop;
        } catch (Exception e) {
            shop.close();
            throw e;
        }
    }

    /** Empty tables, as after the first start, and a new configuration. */
    void fresh() throws SQLException {
        ledger = new MemoryLedger(TABLE);
        for (Map.Entry<String, Database> cell : cells.entrySet()) {
            try (Connection connection = cell.getValue().dataSource().getConnection()) {
                Sql.run(connection, "DROP SCHEMA IF EXISTS shop CASCADE");
                Sql.run(connection, "TRUNCATE rialto.fence, rialto.token");
                for (String sql : TABLES) {
                    Sql.run(connection, sql);
                }
                Sql.list(connection, row -> row.getInt(1), "SELECT rialto.guard()");
            }
            Fence.open(cell.getValue()).seed(ledger.table(), cell.getKey());
        }
    }

    Mover mover(MoveWatch watch) {
        return new Mover(
                cells,
                ledger,
                watch,
                new Mover.Options("test", 0, Duration.ofSeconds(20), Duration.ofSeconds(5)),
                random);
    }

    String owner() {
        return place().cell().id();
    }

    Place place() {
        return ledger.table().place(SHARD).orElseThrow();
    }

    Connection connect(String cell) throws SQLException {
        return database(cell).dataSource().getConnection();
    }

    Database database(String cell) {
        Database database = cells.get(cell);
        if (database == null) {
            throw new AssertionError(cell);
        }
        return database;
    }

    Fence.Row row(String cell) throws SQLException {
        return row(cell, SHARD);
    }

    Fence.Row row(String cell, int shard) throws SQLException {
        try (Connection connection = connect(cell)) {
            return FenceSteps.read(connection, shard).row();
        }
    }

    long count(String cell, String from) throws SQLException {
        try (Connection connection = connect(cell)) {
            return Sql.number(connection, "SELECT count(*) FROM " + from);
        }
    }

    @Override
    public void close() throws Exception {
        cells.values().forEach(Database::close);
        for (PostgresServer server : servers) {
            server.close();
        }
    }
}
