package io.rialto.cells;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.Buckets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TableRulesTest {
    private static final String TABLE = """
            {"shards": 10, "colour-salt": "one",
             "cells": [
              {"id":"east","jurisdiction":"eu","nodes":[{"id":"east-1","internal":"127.0.0.1:9443"}],
               "deploy-units":[{"id":"e-green","colour":"green","weight":1000},{"id":"e-blue","colour":"blue","weight":9000}]},
              {"id":"west","jurisdiction":"us"}, {"id":"north"},
              {"id":"global","type":"global"}],
             "units": [{"id":"u-east","cell":"east"}, {"id":"u-west","cell":"west"}, {"id":"u-north","cell":"north"},
              {"id":"u-global","cell":"global"}],
             "assignments": [{"from":0,"to":4,"unit":"u-east","epoch":3},{"from":5,"to":9,"unit":"u-west"}],
             "overrides": [{"user":"ann","shard":1000,"unit":"u-east"}],
             "pins": [{"from":0,"to":2,"jurisdiction":"eu"}, {"user":"ann","jurisdiction":"eu"}],
             "colours": [{"user":"bob","colour":"green"}, {"user":"cid","colour":"red"}],
             "shadow": {"assignments":[{"from":0,"to":1,"unit":"u-east"}], "global":{"unit":"u-global"}},
             "global": {"unit":"u-global"}}
            """;

    private static RoutingTable table(String text) throws TableException {
        return RoutingTable.parse(RoutingTableTest.json(text));
    }

    private static List<String> errorsOf(String... fromTo) {
        return RoutingTable.errors(RoutingTableTest.json(replaced(fromTo)));
    }

    private static String replaced(String... fromTo) {
        String text = TABLE;
        for (int i = 0; i < fromTo.length; i += 2) {
            assertThat(text).contains(fromTo[i]);
            text = text.replace(fromTo[i], fromTo[i + 1]);
        }
        return text;
    }

    private static List<String> change(String... fromTo) {
        return TableChange.errors(Optional.of(RoutingTableTest.json(TABLE)), RoutingTableTest.json(replaced(fromTo)));
    }

    private static String userOfShard(int shard) {
        for (int i = 0; ; i++) {
            if (Buckets.of("u" + i, 10) == shard) {
                return "u" + i;
            }
        }
    }

    @Test
    void knows_who_is_pinned_where() throws TableException {
        RoutingTable table = table(TABLE);
        assertThat(table.jurisdiction(2)).contains("eu");
        assertThat(table.jurisdiction(3)).isEmpty();
        assertThat(table.jurisdiction(1000)).contains("eu");
        assertThat(table.jurisdiction("ann")).contains("eu");
        assertThat(table.jurisdiction(userOfShard(1))).contains("eu");
        assertThat(table.jurisdiction(userOfShard(8))).isEmpty();
        assertThat(table.cell("west").orElseThrow().mayHold(Optional.of("eu"))).isFalse();
        assertThat(table.cell("north").orElseThrow().mayHold(Optional.of("eu"))).isFalse();
        assertThat(table.cell("north").orElseThrow().mayHold(Optional.empty())).isTrue();
    }

    @Test
    void refuses_pinned_users_in_a_cell_of_another_jurisdiction_or_of_none() {
        assertThat(errorsOf("\"to\":4,\"unit\":\"u-east\"", "\"to\":4,\"unit\":\"u-west\""))
                .first()
                .isEqualTo("table.pins: shard 0 in cell west of jurisdiction us (expected: a cell of jurisdiction eu)");
        assertThat(errorsOf("\"shard\":1000,\"unit\":\"u-east\"", "\"shard\":1000,\"unit\":\"u-north\""))
                .containsExactly("table.pins: user ann with shard 1000 in cell north of no jurisdiction"
                        + " (expected: a cell of jurisdiction eu)");
        assertThat(errorsOf("\"jurisdiction\":\"us\"", "\"jurisdiction\":\"eu\""))
                .isEmpty();
        assertThat(errorsOf(
                        "{\"from\":0,\"to\":2,\"jurisdiction\":\"eu\"}",
                        "{\"from\":4,\"to\":5,\"jurisdiction\":\"eu\"}"))
                .containsExactly(
                        "table.pins: shard 5 in cell west of jurisdiction us (expected: a cell of jurisdiction eu)");
        assertThat(errorsOf("\"from\":0,\"to\":1,\"unit\":\"u-east\"", "\"from\":2,\"to\":2,\"unit\":\"u-west\""))
                .containsExactly("table.shadow.assignments: shard 2 in cell west of jurisdiction us"
                        + " (expected: a cell of jurisdiction eu)");
    }

    @Test
    void a_users_own_shard_stays_where_the_common_one_is_pinned() {
        String user = userOfShard(0);
        assertThat(errorsOf(
                        "{\"user\":\"ann\",\"shard\":1000,\"unit\":\"u-east\"}",
                        "{\"user\":\"" + user + "\",\"shard\":1000,\"unit\":\"u-west\"}",
                        ", {\"user\":\"ann\",\"jurisdiction\":\"eu\"}",
                        ""))
                .hasSize(1)
                .first()
                .asString()
                .startsWith("table.pins: user " + user + " with shard 1000 in cell west");
        // A pin of the user's own goes before the shard's.
        assertThat(errorsOf(
                        "{\"user\":\"ann\",\"shard\":1000,\"unit\":\"u-east\"}",
                        "{\"user\":\"" + user + "\",\"shard\":1000,\"unit\":\"u-west\"}",
                        "{\"user\":\"ann\",\"jurisdiction\":\"eu\"}",
                        "{\"user\":\"" + user + "\",\"jurisdiction\":\"us\"}"))
                .isEmpty();
    }

    @Test
    void a_pinned_user_is_not_copied_to_a_shadow_elsewhere() throws TableException {
        String user = userOfShard(0);
        RoutingTable table = table(replaced(
                "{\"user\":\"ann\",\"shard\":1000,\"unit\":\"u-east\"}",
                "{\"user\":\"" + user + "\",\"shard\":1000,\"unit\":\"u-west\"}",
                "{\"user\":\"ann\",\"jurisdiction\":\"eu\"}",
                "{\"user\":\"" + user + "\",\"jurisdiction\":\"us\"}"));
        assertThat(table.shadow(user)).isEmpty();
        assertThat(table.shadow(user + "x").isPresent() || Buckets.of(user + "x", 10) > 1)
                .isTrue();
    }

    @Test
    void a_pinned_user_without_a_shard_of_his_own_must_be_in_a_fitting_one() {
        String user = userOfShard(9);
        assertThat(errorsOf(
                        "{\"user\":\"ann\",\"jurisdiction\":\"eu\"}",
                        "{\"user\":\"" + user + "\",\"jurisdiction\":\"eu\"}"))
                .containsExactly("table.pins: user " + user + " of shard 9 in cell west of jurisdiction us"
                        + " (expected: a cell of jurisdiction eu)");
    }

    @Test
    void refuses_pins_that_contradict_each_other_or_name_nowhere() {
        assertThat(errorsOf(
                        "{\"user\":\"ann\",\"jurisdiction\":\"eu\"}", "{\"from\":2,\"to\":3,\"jurisdiction\":\"eu\"}"))
                .containsExactly("table.pins[1].from: 2..3 (expected: no shard of another pin, such as 2)");
        assertThat(errorsOf("\"user\":\"ann\",\"jurisdiction\":\"eu\"", "\"user\":\"ann\",\"jurisdiction\":\"mars\""))
                .containsExactly("table.pins[1].jurisdiction: mars (expected: that of a cell, one of [eu, us])");
        assertThat(errorsOf("{\"user\":\"ann\",\"jurisdiction\":\"eu\"}", "{\"user\":\"ann\"}"))
                .hasSize(1);
    }

    @Test
    void a_change_cannot_take_a_pin_off_and_move_at_one_stroke() {
        String moved = "\"to\":4,\"unit\":\"u-west\",\"epoch\":4";
        assertThat(change(
                        "{\"from\":0,\"to\":2,\"jurisdiction\":\"eu\"}, ",
                        "",
                        "\"to\":4,\"unit\":\"u-east\",\"epoch\":3",
                        moved))
                .hasSize(3)
                .allMatch(error -> error.contains("who was pinned until this change"));
        assertThat(change("{\"from\":0,\"to\":2,\"jurisdiction\":\"eu\"}, ", ""))
                .isEmpty();
        assertThat(change(
                        "\"jurisdiction\":\"eu\",\"nodes\"",
                        "\"jurisdiction\":\"fr\",\"nodes\"",
                        "\"pins\": [{\"from\":0,\"to\":2,\"jurisdiction\":\"eu\"}, {\"user\":\"ann\",\"jurisdiction\":\"eu\"}],",
                        ""))
                .hasSize(4);
    }

    @Test
    void a_change_raises_epochs_and_generations_where_owners_change() {
        assertThat(change()).isEmpty();
        assertThat(change("{\"from\":5,\"to\":9,\"unit\":\"u-west\"}", "{\"from\":5,\"to\":9,\"unit\":\"u-north\"}"))
                .hasSize(5)
                .first()
                .isEqualTo("table: shard 5 in unit u-north at epoch 1 (expected: above 1, its epoch in unit u-west;"
                        + " data is moved by 'cells move', not by the table)");
        assertThat(change(
                        "{\"from\":5,\"to\":9,\"unit\":\"u-west\"}",
                        "{\"from\":5,\"to\":9,\"unit\":\"u-north\",\"epoch\":2}"))
                .isEmpty();
        assertThat(change("\"epoch\":3", "\"epoch\":2")).hasSize(5);
        assertThat(change("\"id\":\"u-west\",\"cell\":\"west\"", "\"id\":\"u-west\",\"cell\":\"north\""))
                .containsExactly("table: unit u-west in cell north at generation 1"
                        + " (expected: above 1, its generation in cell west)");
        assertThat(change(
                        "\"id\":\"u-west\",\"cell\":\"west\"", "\"id\":\"u-west\",\"generation\":2,\"cell\":\"north\""))
                .isEmpty();
        assertThat(change("\"shards\": 10", "\"shards\": 11", "\"to\":9", "\"to\":10"))
                .containsExactly("table.shards: 11 (expected: 10 for ever; another number would look for every user's"
                        + " data elsewhere)");
        assertThat(change(
                        "{\"user\":\"ann\",\"shard\":1000",
                        "{\"user\":\"eve\",\"shard\":1000",
                        ", {\"user\":\"ann\",\"jurisdiction\":\"eu\"}",
                        ""))
                .containsExactly("table.overrides: shard 1000 for another user (expected: ann, whose rows it marks)");
    }

    @Test
    void spreads_users_over_colours_by_weight_and_keeps_them_there() throws TableException {
        RoutingTable table = table(TABLE);
        RoutingTable more = table(replaced("\"weight\":1000", "\"weight\":3000", "\"weight\":9000", "\"weight\":7000"));
        Cell east = table.cell("east").orElseThrow();
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < 20_000; i++) {
            String user = "user-" + i;
            String colour = table.colour(user, east);
            counts.merge(colour, 1, Integer::sum);
            assertThat(table.colour(user, east)).isEqualTo(colour);
            if (colour.equals("green")) {
                // Who is green at a tenth is green at more.
                assertThat(more.colour(user, more.cell("east").orElseThrow())).isEqualTo("green");
            }
        }
        assertThat(counts.get("green")).isBetween(1_800, 2_200);
        assertThat(table.colour("bob", east)).isEqualTo("green");
        assertThat(table.colour("cid", east)).isIn("green", "blue");
        assertThat(table.colour("bob", table.cell("west").orElseThrow())).isEmpty();
    }

    @Test
    void refuses_weights_that_are_not_the_whole_and_colours_twice() {
        assertThat(errorsOf("\"weight\":9000", "\"weight\":8000"))
                .containsExactly(
                        "table.cells[0].deploy-units: weights of 9000 (expected: weights that add up to 10000)");
        assertThat(errorsOf("\"colour\":\"blue\"", "\"colour\":\"green\"")).hasSize(1);
        assertThat(errorsOf("\"colour\":\"red\"", "\"colour\":\"Red\"")).hasSize(1);
    }

    @Test
    void pressure_tests_have_shards_of_their_own_or_none() throws TableException {
        RoutingTable table = table(TABLE);
        assertThat(table.shadow(userOfShard(1))).map(Place::shard).contains(-1001);
        assertThat(table.shadow(userOfShard(1))).map(place -> place.cell().id()).contains("east");
        assertThat(table.shadow(userOfShard(2))).isEmpty();
        assertThat(table.globalShadow()).map(Place::shard).contains(-999);
        assertThat(table.shadowPlaces()).hasSize(3).allMatch(place -> RoutingTable.isShadow(place.shard()));
        assertThat(table.places()).noneMatch(place -> RoutingTable.isShadow(place.shard()));
        assertThat(table(replaced(
                                "\"shadow\": {\"assignments\":[{\"from\":0,\"to\":1,\"unit\":\"u-east\"}], \"global\":{\"unit\":\"u-global\"}},",
                                ""))
                        .shadowPlaces())
                .isEmpty();
    }
}
