package io.rialto.cells.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.failover.UnitServers.Candidate;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.time.Instant;
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
    void reads_what_it_writes_at_each_step_of_a_take_over() {
        UnitServers before = EAST.withRemote("east-remote");
        UnitServers declared = before.begun().declared("flood", Instant.parse("2030-01-02T03:04:05Z"));
        UnitServers chosen = declared.taking(new Candidate("east-remote", "740:742:741"), List.of("east", "east-3"));
        UnitServers open = chosen.published();
        Lost lost = open.lost().orElseThrow();
        UnitServers read = open.withLost(lost.read("12 rows", List.of("/tmp/tail")));
        for (UnitServers unit : List.of(before, declared, chosen, open, read, read.withRemote("east"))) {
            assertThat(Standbys.units(Standbys.section(List.of(unit)))).containsExactly(unit);
        }
        assertThat(declared.generation()).isEqualTo(before.generation() + 2);
        assertThat(open.primary()).isEqualTo("east-remote");
        assertThat(open.servers()).containsExactly("east-remote");
        assertThat(open.quorum()).isZero();
        assertThat(open.remote()).isEmpty();
        assertThat(lost.servers()).containsExactly("east", "east-2", "east-3");
        assertThat(lost.silent()).containsExactly("east", "east-3");
        assertThatThrownBy(() -> declared.declared("again", Instant.EPOCH)).hasMessageContaining("no take-over");
        assertThatThrownBy(() -> EAST.declared("none", Instant.EPOCH)).hasMessageContaining("a remote copy");
    }

    @Test
    void a_remote_copy_counts_for_nothing() {
        assertThat(EAST.withRemote("east-remote").promisesNeeded()).isEqualTo(EAST.promisesNeeded());
        assertThat(EAST.withRemote("east-remote").standbys()).doesNotContain("east-remote");
        // One alone is never failed over: nobody could promise.
        UnitServers alone = UnitServers.first("u", "a", 0, List.of("a"), true).withRemote("a-remote");
        assertThat(alone.promisesNeeded()).isGreaterThan(alone.standbys().size());
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
        assertThat(Standbys.errors(Json.read("""
                {"units": [
                  {"unit": "u", "generation": 1, "primary": "a", "quorum": 0, "servers": ["a"], "remote": "a"},
                  {"unit": "v", "generation": 1, "phase": "taking", "primary": "a", "quorum": 0, "servers": ["a"]},
                  {"unit": "w", "generation": 1, "phase": "promoting", "primary": "a", "quorum": 1,
                   "servers": ["a", "b"], "remote": "c", "takeover": {"reason": "flood"},
                   "candidate": {"server": "b", "snapshot": "7:9:8"}, "lost": {"generation": 1}}]}""")))
                .anySatisfy(error -> assertThat(error).contains("units[0].remote: a (expected: none of the servers"))
                .anySatisfy(error -> assertThat(error).contains("units[1].takeover: absent"))
                .anySatisfy(error -> assertThat(error).contains("units[2].candidate: b"))
                .anySatisfy(error -> assertThat(error).contains("units[2].lost.servers: []"));
    }
}
