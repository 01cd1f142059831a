package io.rialto.cells;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TableDiffTest {
    private static RoutingTable table(String... fromTo) throws TableException {
        String text = RoutingTableTest.TABLE;
        for (int i = 0; i < fromTo.length; i += 2) {
            assertThat(text).contains(fromTo[i]);
            text = text.replace(fromTo[i], fromTo[i + 1]);
        }
        return RoutingTable.parse(RoutingTableTest.json(text));
    }

    @Test
    void tells_which_shards_move_how_many_users_that_is_and_the_load_after_it() throws TableException {
        RoutingTable after = table(
                "{\"from\":0,\"to\":49,\"unit\":\"u-east\",\"epoch\":1}",
                "{\"from\":0,\"to\":0,\"unit\":\"u-east\"},{\"from\":1,\"to\":42,\"unit\":\"u-west\",\"epoch\":2},"
                        + "{\"from\":43,\"to\":48,\"unit\":\"u-east\"},{\"from\":49,\"to\":49,\"unit\":\"u-west\",\"epoch\":2}");
        assertThat(TableDiff.lines(table(), after))
                .containsExactly(
                        "43 of 100 shards u-east in east -> u-west in west, about 43.0 % of the users: 1..42, 49",
                        "load of cell east: 50.0 % -> 7.0 % of the users",
                        "load of cell west: 50.0 % -> 93.0 % of the users");
    }

    @Test
    void tells_of_single_users_units_and_cells() throws TableException {
        RoutingTable after = table(
                "\"shard\":1000,\"unit\":\"u-west\"", "\"shard\":1000,\"unit\":\"u-east\"",
                "\"id\":\"u-east\",\"generation\":1", "\"id\":\"u-east\",\"generation\":2",
                "\"city\":\"Riva\"", "\"city\":\"Riva\",\"jurisdiction\":\"eu\"",
                "{\"id\":\"lake\",\"type\":\"city\"}", "{\"id\":\"hill\",\"type\":\"city\"}");
        assertThat(TableDiff.lines(table(), after))
                .containsExactly(
                        "user 100000000042: shard 1000 of u-west in west -> shard 1000 of u-east in east",
                        "unit u-east: east at generation 1 -> east at generation 2",
                        "cell east, jurisdiction: none -> eu",
                        "cell hill: new",
                        "cell lake: gone");
        assertThat(TableDiff.lines(table(), table())).isEmpty();
    }

    @Test
    void tells_of_what_changes_for_users_who_stay_where_they_are() throws TableException {
        RoutingTable after = table(
                "\"global\": {",
                """
                "pins": [{"from":50,"to":59,"jurisdiction":"eu"},{"user":"eve","jurisdiction":"eu"}],
                "colours": [{"user":"bob","colour":"green"}],
                "shadow": {"assignments":[{"from":0,"to":9,"unit":"u-west"}]},
                "hosts": [{"host":"east.example","addresses":["203.0.113.1","2001:db8::2"]}],
                "networks": [{"cidr":"10.0.0.0/8","addresses":["203.0.113.1"]}],
                "zone": "cells.example",
                "global": {""",
                "{\"id\":\"west\",",
                "{\"id\":\"west\",\"jurisdiction\":\"eu\",\"city\":\"Arco\",");
        assertThat(TableDiff.lines(table(), after))
                .containsExactly(
                        "cell west, city: none -> Arco",
                        "cell west, jurisdiction: none -> eu",
                        "jurisdiction of shards 50..59: none -> eu",
                        "jurisdiction of user eve: none -> eu",
                        "colour of user bob: none -> green",
                        "pressure tests of shards 0..9: none -> u-west in west",
                        "host east.example: none -> 203.0.113.1, 2001:db8:0:0:0:0:0:2",
                        "network 10.0.0.0/8: none -> 203.0.113.1",
                        "zone: none -> cells.example");
        assertThat(TableDiff.lines(after, after)).isEmpty();
    }
}
