package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Hello;
import io.rialto.sync.NodeFixture.FakeDevice;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class MovedUsersTest {
    private static final String TABLE = """
            {"shards": 10,
             "cells": [
               {"id": "east", "type": "regional", "public": ["https://east:443"], "nodes": []},
               {"id": "west", "type": "regional", "public": ["https://west:443"], "nodes": []},
               {"id": "global", "type": "global", "public": [], "nodes": []}],
             "units": [
               {"id": "u-east", "generation": 1, "cell": "east"},
               {"id": "u-west", "generation": 1, "cell": "west"},
               {"id": "u-global", "generation": 1, "cell": "global"}],
             "assignments": [
               {"from": 0, "to": 4, "unit": "u-MOVING", "epoch": 0},
               {"from": 5, "to": 9, "unit": "u-east", "epoch": 1}],
             "global": {"unit": "u-global", "epoch": 1, "shard": -1}}
            """;

    private final NodeFixture node = new NodeFixture();

    private static RoutingTable table(String unit, int epoch) throws TableException {
        return RoutingTable.parse(new JsonMapper()
                .readTree(TABLE.replace("MOVING", unit).replace("\"epoch\": 0", "\"epoch\": " + epoch)));
    }

    private FakeDevice open(RoutingTable table, int from, int to) {
        String user = "user";
        for (int i = 0; table.locate(user).shard() < from || table.locate(user).shard() > to; i++) {
            user = "user-" + i;
        }
        FakeDevice device = new FakeDevice();
        int shard = table.locate(user).shard();
        device.listener = node.delivery.open(
                new Device("wallet", "device-" + user, user, shard, 1, "en"),
                DeviceFrame.hello(Hello.builder().build()).encode(),
                device);
        node.work();
        return device;
    }

    @Test
    void are_sent_to_their_new_cell() throws TableException {
        node.delivery.tableChanged(table("east", 1));
        FakeDevice moving = open(table("east", 1), 0, 4);
        FakeDevice staying = open(table("east", 1), 5, 9);
        node.delivery.tableChanged(table("west", 2));
        node.work();

        assertThat(moving.reason()).isEqualTo("wrong_cell");
        assertThat(Objects.requireNonNull(moving.bye).cell()).matches("west;shard=[0-4];epoch=2;at=https://west:443");
        assertThat(moving.pauseMillis()).isPositive();
        assertThat(staying.bye).isNull();
        assertThat(node.delivery.streams()).isEqualTo(1);
    }

    @Test
    void come_again_when_their_shard_was_away_and_is_back() throws TableException {
        node.delivery.tableChanged(table("east", 1));
        FakeDevice device = open(table("east", 1), 0, 4);
        node.delivery.tableChanged(table("east", 3));
        node.work();

        assertThat(device.reason()).isEqualTo("wrong_cell");
        assertThat(Objects.requireNonNull(device.bye).cell()).startsWith("east;");
    }

    @Test
    void are_refused_where_they_do_not_live_any_more() throws TableException {
        node.delivery.tableChanged(table("west", 2));

        assertThat(open(table("west", 2), 0, 4).reason()).isEqualTo("wrong_cell");
        assertThat(node.delivery.streams()).isZero();
    }
}
