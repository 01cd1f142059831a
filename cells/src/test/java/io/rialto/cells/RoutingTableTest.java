package io.rialto.cells;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.Buckets;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class RoutingTableTest {
    static final String TABLE = """
            {"shards": 100,
             "cells": [
              {"id":"east","type":"regional","city":"Riva","public":["https://127.0.0.1:8443"],
               "nodes":[{"id":"east-1","internal":"127.0.0.1:9443"},{"id":"east-2","internal":"[::1]:9444"}]},
              {"id":"west","nodes":[{"id":"west-1","internal":"west:9443"}]},
              {"id":"global","type":"global"},
              {"id":"lake","type":"city"}],
             "units": [{"id":"u-east","generation":1,"cell":"east"}, {"id":"u-west","generation":4,"cell":"west"},
              {"id":"u-global","cell":"global"}],
             "assignments": [{"from":0,"to":49,"unit":"u-east","epoch":1},{"from":50,"to":99,"unit":"u-west","epoch":3}],
             "overrides": [{"user":"100000000042","shard":1000,"unit":"u-west","epoch":2}],
             "global": {"unit":"u-global","epoch":5,"shard":-1}}
            """;

    static JsonNode json(String text) {
        try {
            return Json.read(text);
        } catch (JsonException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> errorsOf(String from, String to) {
        assertThat(TABLE).contains(from);
        return RoutingTable.errors(json(TABLE.replace(from, to)));
    }

    @Test
    void locates_users_by_their_bucket() throws TableException {
        RoutingTable table = RoutingTable.parse(json(TABLE));
        for (int i = 0; i < 10_000; i++) {
            String user = "u" + i;
            int shard = Buckets.of(user, 100);
            Place place = table.locate(user);
            assertThat(place.shard()).isEqualTo(shard);
            assertThat(place.cell().id()).isEqualTo(shard < 50 ? "east" : "west");
            assertThat(place.epoch()).isEqualTo(shard < 50 ? 1 : 3);
        }
    }

    @Test
    void gives_a_single_user_a_shard_of_their_own() throws TableException {
        RoutingTable table = RoutingTable.parse(json(TABLE));
        Place place = table.locate("100000000042");
        assertThat(place.shard()).isEqualTo(1000);
        assertThat(place.unit()).isEqualTo(new Unit("u-west", 4, "west"));
        assertThat(table.place(1000)).contains(place);
        assertThat(table.place(7)).map(Place::shard).contains(7);
        assertThat(table.place(100)).isEmpty();
        assertThat(table.places()).hasSize(102);
    }

    @Test
    void knows_cells_their_nodes_and_the_owner_of_global_data() throws TableException {
        RoutingTable table = RoutingTable.parse(json(TABLE));
        assertThat(table.global().cell().type()).isEqualTo(Cell.Type.GLOBAL);
        assertThat(table.global().shard()).isEqualTo(RoutingTable.GLOBAL_SHARD);
        Cell east = table.cell("east").orElseThrow();
        assertThat(east.publicUrls()).containsExactly(URI.create("https://127.0.0.1:8443"));
        assertThat(east.node("east-2"))
                .map(node -> node.internal().getHostString())
                .contains("::1");
        assertThat(table.cell("north")).isEmpty();
        assertThat(table.unit("u-west")).map(Unit::generation).contains(4L);
    }

    @Test
    void refuses_contradictions() {
        assertThat(errorsOf("\"from\":50", "\"from\":51"))
                .containsExactly("table.assignments: none for shard 50 (expected: each of 0..99 once)");
        assertThat(errorsOf("\"from\":50", "\"from\":49"))
                .containsExactly(
                        "table.assignments[1].from: 49..99 (expected: no shard of another assignment, such as 49)");
        assertThat(errorsOf("\"to\":99", "\"to\":100"))
                .contains("table.assignments[1].to: 100 (expected: an integer 0..99)");
        assertThat(errorsOf("\"unit\":\"u-east\"", "\"unit\":\"u-north\""))
                .containsExactly(
                        "table.assignments[0].unit: u-north (expected: one of the units [u-east, u-west, u-global])");
        assertThat(errorsOf("\"cell\":\"west\"", "\"cell\":\"north\"")).hasSizeGreaterThan(0);
        assertThat(errorsOf("\"cell\":\"west\"", "\"cell\":\"lake\""))
                .containsExactly("table.units[1].cell: lake (expected: a cell that owns data, not one of type city)");
        assertThat(errorsOf("\"type\":\"global\"", "\"type\":\"regional\""))
                .contains("table.cells: 0 of type global (expected: exactly one of type global)");
        assertThat(errorsOf("{\"id\":\"west\",", "{\"id\":\"west\",\"type\":\"global\","))
                .containsExactly("table.cells: 2 of type global (expected: exactly one of type global)");
        assertThat(errorsOf("\"unit\":\"u-global\"", "\"unit\":\"u-east\""))
                .containsExactly("table.global.unit: u-east (expected: a unit of the cell of type global)");
        assertThat(errorsOf("\"shard\":1000", "\"shard\":99")).hasSize(1);
        assertThat(errorsOf("\"id\":\"west-1\"", "\"id\":\"east-1\"")).hasSize(1);
        assertThat(errorsOf("\"internal\":\"west:9443\"", "\"internal\":\"west\""))
                .hasSize(1);
        assertThat(errorsOf("https://127.0.0.1:8443", "ftp://x")).hasSize(1);
        assertThat(errorsOf("\"epoch\":3", "\"epoch\":0")).hasSize(1);
        assertThat(errorsOf("\"shards\": 100", "\"shards\": 0")).isNotEmpty();
    }

    @Test
    void tells_all_errors_at_once_and_refuses_unknown_keys() {
        String wrong = TABLE.replace("\"city\":\"Riva\"", "\"town\":\"Riva\"")
                .replace("\"epoch\":5", "\"epoch\":\"5\"")
                .replace("{\"id\":\"lake\"", "{\"id\":\"Lake!\"")
                .replace("\"shards\": 100", "\"shards\": 100, \"colour\": 1");
        assertThat(RoutingTable.errors(json(wrong)))
                .hasSize(4)
                .anyMatch(e -> e.startsWith("table.cells[0].town: unknown key"))
                .anyMatch(e -> e.startsWith("table.global.epoch: \"5\""))
                .anyMatch(e -> e.startsWith("table.cells[3].id: Lake!"))
                .anyMatch(e -> e.startsWith("table.colour: unknown key"));
        assertThat(RoutingTable.errors(json("[]"))).isNotEmpty();
        assertThat(RoutingTable.errors(json("{}"))).isNotEmpty();
    }

    @Test
    void locates_without_allocating() throws TableException {
        RoutingTable table = RoutingTable.parse(json(TABLE));
        String[] users = new String[1000];
        for (int i = 0; i < users.length; i++) {
            users[i] = "1000000" + i;
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        sumOfShards(table, users);
        long before = threads.getCurrentThreadAllocatedBytes();
        sumOfShards(table, users);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        // 100,000 calls; the rest is the measurement's own.
        assertThat(allocated).isLessThan(100_000);
    }

    private static long sumOfShards(RoutingTable table, String[] users) {
        long sum = 0;
        for (int round = 0; round < 100; round++) {
            for (String user : users) {
                sum += table.locate(user).shard();
            }
        }
        return sum;
    }
}
