package io.rialto.cells.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.failover.UnitServers.Candidate;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.util.List;
import org.junit.jupiter.api.Test;

class StandbysTest {
    private static final UnitServers EAST =
            UnitServers.first("u-east", "east", 1, List.of("east", "east-2", "east-3"), true);

    @Test
    void reads_what_it_writes_at_each_step_of_a_failover() {
        UnitServers begun = EAST.begun();
        UnitServers chosen = begun.chosen(new Candidate("east-3", "740:742:741"));
        for (UnitServers unit : List.of(EAST, begun, chosen, chosen.published())) {
            assertThat(Standbys.units(Standbys.section(List.of(unit)))).containsExactly(unit);
        }
        assertThat(chosen.published().primary()).isEqualTo("east-3");
        assertThat(chosen.published().standbys()).containsExactly("east", "east-2");
    }

    @Test
    void any_so_many_promises_have_one_with_every_acknowledged_write() {
        assertThat(EAST.promisesNeeded()).isEqualTo(2);
        List<String> four = List.of("a", "b", "c", "d");
        assertThat(UnitServers.first("u", "a", 2, four, true).promisesNeeded()).isEqualTo(2);
        assertThat(UnitServers.first("u", "a", 3, four, true).promisesNeeded()).isEqualTo(1);
    }

    @Test
    void changes_one_unit_and_leaves_the_others() {
        UnitServers west = UnitServers.first("u-west", "west", 1, List.of("west", "west-2"), false);
        assertThat(Standbys.units(Standbys.with(Standbys.section(List.of(EAST, west)), EAST.begun())))
                .containsExactlyInAnyOrder(EAST.begun(), west);
    }

    @Test
    void tells_everything_that_is_wrong_at_once() throws JsonException {
        assertThat(Standbys.errors(Json.read("""
                {"units": [
                  {"unit": "u", "generation": 0, "phase": "promoting", "primary": "x", "quorum": 2, "servers": ["a", "b"]},
                  {"unit": "u", "generation": 1, "primary": "a", "quorum": 1, "servers": ["a", "a"], "more": 1}]}""")))
                .anySatisfy(error -> assertThat(error).contains("units[0].generation: 0"))
                .anySatisfy(error ->
                        assertThat(error).contains("units[0].primary: x (expected: one of the servers [a, b])"))
                .anySatisfy(error -> assertThat(error).contains("units[0].quorum: 2 (expected: "))
                .anySatisfy(error -> assertThat(error).contains("units[0].candidate: absent"))
                .anySatisfy(error -> assertThat(error).contains("units[1].servers: [a, a]"))
                .anySatisfy(error ->
                        assertThat(error).contains("units[1].unit: u (expected: a unit that is not told twice)"))
                .anySatisfy(error -> assertThat(error).contains("more"));
    }
}
